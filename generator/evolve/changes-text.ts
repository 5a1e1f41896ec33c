/** A migration in words: what changes for the database, for clients, and for writes that wait on a device. */
import { mark } from '../mark.js'
import type { Plan } from './phases.js'
import { type Step, subjectOf } from './steps.js'
import { typeWords } from './type-words.js'

/** The text of the .md beside a migration's files. */
export const changesText = (name: string, steps: readonly Step[], plan: Plan): string => {
  const parts = steps.map((step) => {
    const { database, clients, queued } = wordsOf(step)
    return `## ${headingOf(step)}\n\n- **Database:** ${database}\n- **Clients:** ${clients}\n- **Queued writes:** ${queued}`
  })
  const fills = plan.fill.length + plan.index.length
  const time = fills === 0 ? '' : '\n\nIt has parts outside a transaction (rows in batches, indexes beside writers): on large tables they take their time, and stop nobody.'
  return `<!-- ${mark} beside the migration. -->\n\n# ${name}${time}\n\n${parts.length === 0 ? 'Functions and triggers are made again as this version of syncgen makes them. Nothing changes for clients.' : parts.join('\n\n')}\n`
}

interface Words {
  readonly database: string
  readonly clients: string
  readonly queued: string
}

const headingOf = (step: Step): string => `${subjectOf(step)}: ${step.kind.replaceAll('-', ' ')}`

const same = 'Not concerned.'

/** What there is today; docs/evolution.md says what clients of another version do with it. */
const wordsOf = (step: Step): Words => {
  switch (step.kind) {
    case 'model-renamed':
      return { database: 'Nothing by itself.', clients: `Called ${step.model} instead of ${step.from}.`, queued: `They speak of ${step.from}, which is ${step.model} now.` }
    case 'table-renamed':
      return { database: `The table ${step.from} is called ${step.to}.`, clients: same, queued: same }
    case 'field-renamed':
      return { database: 'Nothing by itself.', clients: `Called ${step.field} instead of ${step.from}.`, queued: `They speak of ${step.from}, which is ${step.field} now.` }
    case 'column-renamed':
      return { database: `The column ${step.from} is called ${step.to}.`, clients: same, queued: same }
    case 'enum-added':
    case 'enum-dropped':
      return { database: 'Nothing by itself.', clients: same, queued: same }
    case 'value-added':
      return { database: 'One more value is allowed.', clients: `May meet ${step.value}.`, queued: same }
    case 'value-renamed':
      return { database: `Rows with ${step.from} get ${step.value}.`, clients: `Meet ${step.value} instead of ${step.from}.`, queued: `What says ${step.from} means ${step.value}.` }
    case 'value-dropped':
      return step.to === null
        ? { database: 'One value less is allowed; no row may have it.', clients: 'Meet it no more.', queued: 'What writes it no longer fits.' }
        : { database: `Rows with it get ${step.to}.`, clients: `Meet ${step.to} instead.`, queued: `What says ${step.value} means ${step.to}.` }
    case 'model-added':
      return { database: `A new table ${step.model.table}.`, clients: 'A new cache, empty.', queued: same }
    case 'model-dropped':
      return { database: `The table ${step.model.table} goes, with its rows.`, clients: 'Its cache goes.', queued: 'Writes of it lead nowhere.' }
    case 'capture-changed':
      return { database: `Changes are captured by ${step.to} triggers.`, clients: same, queued: same }
    case 'delete-conflict-changed':
      return { database: 'Its triggers log deletes otherwise.', clients: same, queued: `Judged by ${step.to}.` }
    case 'field-added':
      return { database: `A new column ${step.field.column}.${step.fill.kind === 'expression' ? ' Rows that are there get a value that is worked out from others that they have.' : ''}`, clients: step.field.serverOnly ? same : 'A new field.', queued: step.fill.kind === 'expression' ? 'They do not name it; creates get what a row like theirs got.' : 'They do not name it; creates get what rows get that do not name it.' }
    case 'field-dropped':
      return { database: `The column ${step.field.column} goes, with its values.`, clients: step.field.serverOnly ? same : 'The field goes.', queued: 'What they say of it leads nowhere; their other fields are not concerned.' }
    case 'type-changed':
      if (step.convert !== null) {
        const back = step.convert.back === null ? 'Apps of before see none of its values.' : 'Apps of before see them converted back.'
        return { database: `Its type changes from ${typeWords(step.from)} to ${typeWords(step.to)}; its values are converted as the schema says.`, clients: `Its values are converted. ${back}`, queued: 'Their values are converted alike.' }
      }
      return { database: `Its type changes from ${typeWords(step.from)} to ${typeWords(step.to)} (${step.effect}).`, clients: 'Its values have another type or other limits.', queued: step.effect === 'widened' ? 'Their values fit.' : 'Their values may not fit.' }
    case 'nullable':
      return { database: 'May be null.', clients: 'May meet null.', queued: same }
    case 'required':
      return { database: step.fill.kind === 'none' ? 'Is never null; no row may be.' : 'Rows where it is null get a value; it is null no more.', clients: 'Meet null no more.', queued: 'What sets it to null no longer fits.' }
    case 'default-changed':
      return { database: 'Rows to come begin otherwise.', clients: 'New rows begin otherwise.', queued: 'Creates have the value with which they were made.' }
    case 'reference-changed':
      return { database: step.to === null ? 'Is no reference any more.' : `Leads to ${step.to}.`, clients: 'Its relation leads elsewhere.', queued: 'Ids that they hold are looked for there.' }
    case 'on-delete-changed':
      return { database: 'What it leads to takes rows along otherwise.', clients: same, queued: 'Deletes have the effect of now.' }
    case 'server-only':
      return step.on
        ? { database: 'Nothing.', clients: 'Is sent no more; caches are to forget it.', queued: 'What they say of it is refused.' }
        : { database: 'Nothing.', clients: 'Is sent from now on; caches are to fetch it.', queued: same }
    case 'writing-changed':
      return { database: 'Nothing.', clients: 'Other writes are allowed.', queued: 'Judged by what is allowed now.' }
    case 'conflict-changed':
      return { database: 'Nothing.', clients: same, queued: `Judged by ${step.to}.` }
    case 'index-added':
      return { database: step.index.unique ? `No two rows have the same values${step.index.deferrable ? ' at the end of a transaction' : ''}.` : 'One more index.', clients: same, queued: step.index.unique ? 'One that takes what is taken is rejected.' : same }
    case 'index-dropped':
      return { database: step.index.unique ? 'Rows may have the same values.' : 'One index less.', clients: same, queued: same }
    case 'access-changed':
      return { database: 'Its triggers may log other columns.', clients: step.rules.includes('read') ? 'Scopes hold other rows; they are compared once.' : same, queued: 'Judged by the rules of now.' }
    case 'scope-added':
      return { database: 'Nothing.', clients: 'May open it.', queued: same }
    case 'scope-dropped':
      return { database: 'Nothing.', clients: 'Cannot open it any more.', queued: same }
    case 'scope-changed':
      return { database: 'Triggers may log other columns.', clients: 'It is compared with the server once.', queued: same }
    case 'claim-added':
    case 'claim-dropped':
    case 'claim-changed':
      return { database: 'Nothing.', clients: 'Nothing; `authenticate` returns other claims.', queued: same }
    case 'app-renamed':
      return { database: 'Nothing.', clients: `Generated names change from ${step.from} to ${step.to}.`, queued: same }
  }
}

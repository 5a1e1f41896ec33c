/** What differs → what it means and what to do, in words and, where it is safe, in SQL. */
import { quoted } from '../sql/text.js'
import type { Thing } from './catalog.js'
import type { Difference, Finding } from './compare.js'

/** A finding; null: nothing that matters to anybody. */
export const adviceFor = (difference: Difference): Finding | null => {
  switch (difference.how) {
    case 'missing':
      return drift(difference.wanted, missing(difference.wanted, difference.lost))
    case 'extra':
      return extra(difference.there)
    case 'renamed':
      return renamed(difference.wanted, difference.there)
    case 'other':
      return drift(difference.wanted, other(difference.wanted, difference.there, difference.fact))
  }
}

interface Words {
  readonly what: string
  readonly advice: string
  readonly sql: string | null
}

const drift = (thing: Thing, words: Words): Finding => ({ severity: 'drift', kind: thing.kind, object: objectOf(thing), ...words })

const note = (thing: Thing, what: string, advice: string): Finding => ({ severity: 'note', kind: thing.kind, object: objectOf(thing), what, advice, sql: null })

const objectOf = ({ kind, table, name }: Thing): string => (kind === 'table' || table === 'syncgen' ? name : `${table}.${name}`)

const missing = (thing: Thing, lost: readonly Thing[]): Words => {
  const what = 'is missing'
  const { facts, name } = thing
  const table = tableOf(thing)
  const definition = String(facts['definition'])
  switch (thing.kind) {
    case 'table':
      return { what, advice: 'Look where it went: its rows are not in this database. Bring it back from a backup.', sql: null }
    case 'column': {
      const first = facts['default'] === null ? '' : ` default ${String(facts['default'])}`
      const sql = `alter table ${table} add column ${quoted(name)} ${String(facts['type'])}${first}${facts['required'] === true ? ' not null' : ''};`
      const isFilled = facts['required'] !== true || first !== ''
      return { what, advice: `Its values are not in this database. Bring them back from a backup${isFilled ? ', or begin anew with what a new row has' : ''}.`, sql: isFilled ? [sql, ...lost.flatMap((each) => missing(each, []).sql ?? [])].join('\n') : null }
    }
    case 'constraint':
      return { what: `${what} (${definition})`, advice: 'Rows that break it may have come meanwhile: they have to be mended first.', sql: addedConstraint(thing) }
    case 'index':
      return { what: `${what} (${definition})`, advice: 'Build it while others write; not in a transaction.', sql: concurrently(definition) }
    case 'trigger':
      return { what, advice: afterHole(name), sql: `${definition};\nalter table ${table} enable always trigger ${quoted(name)};` }
    case 'function':
      return { what, advice: 'Make it again.', sql: `${definition.trimEnd()};` }
    case 'rule':
    case 'sequence':
      return { what, advice: 'Bring the schema syncgen back from a backup.', sql: null }
  }
}

const other = (wanted: Thing, there: Thing, fact: string): Words => {
  const [should, is] = [wanted.facts[fact] ?? null, there.facts[fact] ?? null]
  const table = tableOf(wanted)
  const name = quoted(wanted.name)
  const altered = `alter table ${table} alter column ${name}`
  const differs = `${fact}: is ${shown(is)}, should be ${shown(should)}`
  switch (`${wanted.kind} ${fact}`) {
    case 'table form':
      return { what: `is a ${shown(is)}, should be a table`, advice: 'Triggers cannot capture its changes. Put a plain table in its place.', sql: null }
    case 'table inherits':
      return { what: 'inherits, or is inherited from', advice: 'Changes of the other table would not be captured, or twice. Part them: alter table … no inherit.', sql: null }
    case 'table unlogged':
      return { what: 'is unlogged', advice: 'A crash empties it. Setting it logged writes it anew, and nobody uses it meanwhile.', sql: `alter table ${table} set logged;` }
    case 'table subscribed':
      return { what: 'is fed by a logical subscription', advice: 'Its workers fire no statement triggers. Say `capture: row` in the schema.', sql: null }
    case 'column type':
      return { what: differs, advice: 'If the schema is right, change it back; the table may be written anew, and a value that does not fit stops it. If the database is right, say so in the schema.', sql: null }
    case 'column required':
      return should === true
        ? { what: 'may be null, should never be', advice: 'Rows that are null have to be mended first. PostgreSQL looks at all rows, and nobody writes meanwhile.', sql: `${altered} set not null;` }
        : { what: 'must not be null, should be nullable', advice: 'Writes that leave it out fail.', sql: `${altered} drop not null;` }
    case 'column default':
      return { what: differs, advice: 'Rows that other writers make begin otherwise.', sql: should === null ? `${altered} drop default;` : `${altered} set default ${String(should)};` }
    case 'constraint validated':
      return { what: 'was never validated', advice: 'Rows that are there may break it. Validating does not stop writers.', sql: `alter table ${table} validate constraint ${name};` }
    case 'constraint enforced':
      return { what: 'is not enforced: its triggers are disabled', advice: 'Rows may have come that refer to none. Look for them, then enable the triggers.', sql: String(there.facts['silenced']) }
    case 'constraint form':
    case 'constraint definition':
      return { what: differs, advice: 'Replace it; rows that break the right one have to be mended first.', sql: wanted.facts['form'] === 'primary key' ? null : `alter table ${table} drop constraint ${name};\n${addedConstraint(wanted) ?? ''}` }
    case 'index valid':
      return { what: 'is not valid: it could not be finished', advice: 'Build it again while others write; not in a transaction.', sql: `reindex index concurrently ${name};` }
    case 'index unique':
    case 'index definition':
      return { what: differs, advice: 'Replace it; not in a transaction.', sql: `drop index concurrently ${name};\n${concurrently(String(wanted.facts['definition']))}` }
    case 'trigger enabled':
      return { what: `fires ${shown(is)}, should always`, advice: afterHole(wanted.name), sql: `alter table ${table} enable always trigger ${name};` }
    case 'trigger definition':
      return { what: differs, advice: afterHole(wanted.name), sql: `drop trigger ${name} on ${table};\n${String(should)};\nalter table ${table} enable always trigger ${name};` }
    case 'function definition':
      return { what: firstDifference(String(is), String(should)), advice: 'Somebody changed it, or another version of syncgen made it. Put the right one in its place.', sql: `${String(should).trimEnd()};` }
    default:
      return { what: differs, advice: 'Change it back.', sql: null }
  }
}

const renamed = (wanted: Thing, there: Thing): Finding => {
  const sql = wanted.kind === 'index' ? `alter index ${quoted(there.name)} rename to ${quoted(wanted.name)};` : `alter table ${tableOf(wanted)} rename constraint ${quoted(there.name)} to ${quoted(wanted.name)};`
  return { ...drift(wanted, { what: `is called ${there.name}`, advice: 'It works as it is, but a later migration would not find it.', sql }) }
}

/** Things that somebody added: theirs to have, unless no server could write any more. */
const extra = (thing: Thing): Finding | null => {
  const { facts } = thing
  switch (thing.kind) {
    case 'column': {
      const isInTheWay = facts['required'] === true && facts['default'] === null && facts['generated'] === null && facts['identity'] === null
      if (!isInTheWay) return note(thing, 'is not in the schema', 'Clients do not see it.')
      return drift(thing, { what: 'is not in the schema, is never null, and has no default', advice: 'No server can insert a row. Give it a default, or let it be null.', sql: `alter table ${tableOf(thing)} alter column ${quoted(thing.name)} drop not null;` })
    }
    case 'constraint':
      return note(thing, `is not in the schema (${String(facts['definition'])})`, 'Writes that break it are rejected.')
    case 'index':
      return facts['unique'] === true ? note(thing, 'is not in the schema', 'Writes that break it are rejected.') : null
    case 'trigger':
      return note(thing, 'is not in the schema', 'What it writes into tables of the schema is captured like any other write.')
    case 'rule':
      return note(thing, 'is not in the schema', 'A rule can turn a write into another; see that clients find what they wrote.')
    case 'table':
    case 'function':
    case 'sequence':
      return note(thing, 'stands in the schema syncgen, and does not belong there', 'Left by an earlier version, or by somebody. Nothing of syncgen uses it.')
  }
}

const tableOf = ({ table }: Thing): string => (table.startsWith('syncgen.') ? `syncgen.${quoted(table.slice('syncgen.'.length))}` : quoted(table))

const addedConstraint = (thing: Thing): string | null => {
  const [table, name, definition] = [tableOf(thing), quoted(thing.name), String(thing.facts['definition'])]
  const form = thing.facts['form']
  if (form === 'check' || form === 'foreign key') return `alter table ${table} add constraint ${name} ${definition} not valid;\nalter table ${table} validate constraint ${name};`
  return `alter table ${table} add constraint ${name} ${definition};`
}

const concurrently = (definition: string): string => `${definition.replace(/^(CREATE (?:UNIQUE )?INDEX) /, '$1 CONCURRENTLY ')};`

/** What was written while nobody looked is in no log. */
const afterHole = (trigger: string): string =>
  trigger.startsWith('syncgen_stamp_')
    ? 'Rows written meanwhile may have kept their versions, so devices cannot tell: after mending it, write each such row once (update … set id = id).'
    : 'What was written meanwhile is not in the log: after mending it, let all devices compare (select syncgen.renew_epoch(true)).'

const shown = (value: string | boolean | null): string => (value === null ? 'none' : String(value))

const firstDifference = (is: string, should: string): string => {
  const [there, wanted] = [is.split('\n'), should.split('\n')]
  const at = wanted.findIndex((line, index) => line !== there[index])
  const line = at < 0 ? wanted.length : at
  return `has another text: line ${line + 1} is ${JSON.stringify(there[line]?.trim() ?? '')}, should be ${JSON.stringify(wanted[line]?.trim() ?? '')}`
}

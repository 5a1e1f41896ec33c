/** What somebody could do to the world's schema: each kind of change that the language has, as an edit of its text. */
import type { Dice } from '../../postgres/random.js'

export interface Change {
  readonly name: string
  /** Whether servers of before cannot work on the database of after (docs/evolution.md, devices of other versions). */
  readonly breaksServers: boolean
  /** What it changes; two of one thing never come together. */
  readonly of: string
  /** Text of the schema, and what stands there after it. */
  readonly edits: readonly (readonly [from: string, to: string])[]
}

/** One to three steps of one to three changes each. No thing changes twice. */
export const drawChanges = (dice: Dice): readonly (readonly Change[])[] => {
  let left = changes
  return Array.from({ length: 1 + dice.below(3) }, () => {
    const step: Change[] = []
    // Now and then a deploy that stops nobody.
    const among = dice.chance(0.4) ? left.filter(({ breaksServers }) => !breaksServers) : left
    for (let wanted = 1 + dice.below(3); wanted > 0; wanted -= 1) {
      const free = among.filter((change) => left.includes(change))
      if (free.length === 0) break
      const change = dice.pick(free)
      step.push(change)
      left = left.filter(({ of }) => of !== change.of)
    }
    return step
  })
}

/** @throws if the schema is not what the change was made for. */
export const edited = (text: string, { name, edits }: Change): string =>
  edits.reduce((before, [from, to]) => {
    if (!before.includes(from)) throw new Error(`${name}: the schema has no ${from}`)
    return before.replace(from, () => to)
  }, text)

const change = (name: string, of: string, breaks: 'breaks' | 'goes on', ...edits: Change['edits']): Change => ({ name, of, breaksServers: breaks === 'breaks', edits })

export const changes: readonly Change[] = [
  change('field added with a default', 'urgency', 'goes on', ['      reviewed: {', '      urgency: { type: int, default: 3 }\n      reviewed: {']),
  change('field added that may be null', 'hint', 'goes on', ['      title: { type: string, max: 120 }', '      title: { type: string, max: 120 }\n      hint: text?']),
  change('field added with a backfill', 'grade', 'breaks', ['      archived: {', '      grade: { type: int, backfill: 7 }\n      archived: {']),
  change('field added that is worked out', 'shout', 'breaks', ['      colour: {', '      shout: { type: text, backfill: { upper: $row.name } }\n      colour: {']),
  change('counter added', 'likes', 'goes on', ['      weight: {', '      likes: { type: int, default: 0, conflict: counter }\n      weight: {']),
  change('set added', 'words', 'goes on', ['      motto: {', '      words: { type: "string[]", default: [], conflict: set }\n      motto: {']),
  change('field renamed', 'note', 'breaks', ['      note: { type: text?,', '      remark: { was: note, type: text?,']),
  change('column renamed', 'reason', 'breaks', ['      reason: text?', '      reason: { type: text?, column: why }']),
  change('reference renamed', 'assignee', 'breaks',
    ['      assignee: { ref: Person?,', '      doer: { was: assignee, ref: Person?,'],
    ['on: [assigneeId]', 'on: [doerId]'],
    ['Task: { assigneeId: $auth.sub', 'Task: { doerId: $auth.sub'],
  ),
  change('text longer', 'tag name', 'goes on', ['name: { type: string, max: 40 }', 'name: { type: string, max: 60 }']),
  change('text without a limit', 'project title', 'goes on', ['title: { type: string, max: 80 }', 'title: text']),
  change('number wider', 'rank', 'breaks', ['rank: { type: int, default: 0, conflict: reject }', 'rank: { type: bigint, default: 0, conflict: reject }']),
  change('decimal wider', 'estimate', 'breaks', ['estimate: { type: "decimal(6,2)?" }', 'estimate: { type: "decimal(8,3)?" }']),
  change('type converted', 'day', 'breaks', ['      dateNull: date?', '      dateNull: { type: text?, convert: { from: date?, as: { text: $old } } }']),
  change('value added', 'State', 'goes on', ['State: [todo, doing, done]', 'State: [todo, doing, waiting, done]']),
  change('value renamed', 'State', 'breaks', ['State: [todo, doing, done]', 'State: [todo, { name: active, was: doing }, done]']),
  change('value dropped', 'State', 'breaks', ['State: [todo, doing, done]', 'State: [todo, { name: doing, to: todo }, done]']),
  change('value added before others', 'Role', 'goes on', ['Role: [owner, editor, viewer]', 'Role: [owner, editor, guest, viewer]']),
  change('required', 'about', 'breaks', ['      about: text?', '      about: { type: text, default: "-" }']),
  change('required, with a backfill', 'intNull', 'breaks', ['      intNull: int?', '      intNull: { type: int, backfill: 5 }']),
  change('nullable', 'colour', 'goes on', ['colour: { type: string, pattern', 'colour: { type: string?, pattern']),
  change('field dropped', 'marks', 'breaks', ['      marks: { type: "string[]", default: [], doc: Replaced as a whole. }\n', '']),
  change('field dropped that is a text', 'body', 'breaks', ['      textNull: text?\n', ''], ['          - { textNull: { contains: $params.word } }\n', '']),
  change('model added', 'Errand', 'goes on',
    ['  Tag:\n', errand('Errand')],
    ['      Comment: { task: { projectId: $params.projectId } }', '      Comment: { task: { projectId: $params.projectId } }\n      Errand: { task: { projectId: $params.projectId } }'],
  ),
  change('scope wider', 'me', 'goes on', [', state: { not: done } }\n      Specimen', ' }\n      Specimen']),
  change('scope narrower', 'organisation', 'goes on', ['      Project: { organisationId: $params.organisationId }', '      Project: { organisationId: $params.organisationId, archived: false }']),
  change('scope with one more parameter', 'tagged', 'goes on', ['params: { tagId: uuid }', 'params: { tagId: uuid, least: int? }']),
  change('scope with one more table', 'board', 'goes on', ['      Project: { id: $params.projectId }\n', '      Project: { id: $params.projectId }\n      Organisation: { projects: { id: $params.projectId } }\n']),
  change('fewer may read', 'access', 'goes on', ['      read: { task: { $can: read } }\n      create: { authorId', '      read: { any: [{ authorId: $auth.sub }, { task: { $can: update } }] }\n      create: { authorId']),
  change('restrict is cascade', 'comments', 'goes on', ['inverse: comments, onDelete: restrict }', 'inverse: comments, onDelete: cascade }']),
  change('setNull is noAction', 'lead', 'goes on', ['inverse: led, onDelete: setNull }', 'inverse: led, onDelete: noAction }']),
  change('leaves the server', 'secret', 'goes on', ['secret: { type: string?, serverOnly: true }', 'secret: { type: string? }']),
  change('stays on the server', 'jsonNull', 'goes on', ['      jsonNull: json?', '      jsonNull: { type: json?, serverOnly: true }']),
  change('policy', 'best', 'goes on', ['best: { type: int?, conflict: max }', 'best: { type: int?, conflict: latest }']),
  change('counter no more', 'stars', 'goes on', ['stars: { type: int, default: 0, conflict: counter }', 'stars: { type: int, default: 0 }']),
  change('captured by statement', 'capture', 'goes on', ['    capture: row\n', '']),
  change('index', 'index', 'goes on', ['      - [projectId, state]\n', '      - [projectId, state]\n      - [dueAt]\n']),
  change('two versions are kept', 'versions', 'goes on', ['name: world\n', 'name: world\nversions: 1\n'], ['      karma: {', '      nick: text?\n      karma: {']),
]

/** A model with two references to one other that both may be emptied. */
function errand(name: string): string {
  return `  ${name}:
    fields:
      task: { ref: Task, inverse: errands, onDelete: cascade }
      sender: { ref: Person?, inverse: sentErrands, onDelete: setNull }
      runner: { ref: Person?, inverse: runErrands, onDelete: setNull }
      what: text
      done: { type: boolean, default: false }
    access:
      read: { task: { $can: read } }
      write: { task: { $can: read } }

  Tag:
`
}

/**
 * A hundred operations of two people on one organisation, and of another program: creates, edits, deletes, links, counters, strict
 * transactions, scopes that open and close, cascades, rejections, work offline, revoked rights.
 */
import { worldId } from '../schema/world-schema.js'

export type Who = 'ada' | 'bob'

/** A row in an audit of what was committed, in its order. */
export interface AuditRow {
  readonly model: string
  readonly op: string
  readonly key: string | null
  readonly before: Readonly<Record<string, unknown>> | null
  readonly after: Readonly<Record<string, unknown>> | null
}

/** How often an effect was committed, by the audit. */
export type Trace = (audit: readonly AuditRow[]) => number

export interface Change {
  readonly model: string
  readonly op: 'create' | 'update' | 'delete'
  readonly id: string
  readonly values: Readonly<Record<string, unknown>>
  readonly trace: Trace
}

/** A scope is opened or closed. */
export interface Scoping {
  readonly kind: 'open' | 'close'
  readonly who: Who
  readonly scope: string
  readonly params: Readonly<Record<string, string>>
}

export type Step =
  | { readonly kind: 'write'; readonly who: Who; readonly changes: readonly Change[]; readonly strict: boolean; readonly mayFail: boolean }
  | Scoping
  | { readonly kind: 'offline' | 'online'; readonly who: Who }
  | { readonly kind: 'sql'; readonly text: string }
  /** What comes next would make another end of what this one has not sent yet: it waits until that is decided. */
  | { readonly kind: 'sent'; readonly who: Who }
  /** Nobody does anything for so many virtual ms. */
  | { readonly kind: 'wait'; readonly ms: number }

/** A row of the script's own, by a name. */
/** Whether a step of the script makes it. */
export const isOfScript = (id: string): boolean => id.startsWith('00000000-0000-4000-9000-')

export const idOf = (name: string): string => {
  const digits = [...name].map((character) => character.charCodeAt(0).toString(16).padStart(2, '0')).join('')
  return `00000000-0000-4000-9000-${digits.padStart(12, '0').slice(-12)}`
}

const organisation = worldId('Organisation', 0)
const [rocket, boat] = [worldId('Project', 0), worldId('Project', 1)]
const [engine, valve, paint, hull] = [0, 1, 2, 3].map((at) => worldId('Task', at)) as [string, string, string, string]
const [urgent, nice] = [worldId('Tag', 0), worldId('Tag', 1)]
const people = { ada: worldId('Person', 0), bob: worldId('Person', 1), cy: worldId('Person', 2) }

const made = (model: string, id: string): Trace => (audit) => audit.filter((row) => row.model === model && row.op === 'I' && row.key === id).length

const gone = (model: string, id: string): Trace => (audit) => audit.filter((row) => row.model === model && row.op === 'D' && row.key === id).length

/** Updates that gave the field this value, which nothing else gives it. */
const became = (model: string, id: string, column: string, value: unknown): Trace => (audit) =>
  audit.filter((row) => row.model === model && row.op === 'U' && row.key === id && row.after?.[column] === value && row.before?.[column] !== value).length

/** Updates that added this amount, which nothing else adds. */
const grew = (model: string, id: string, column: string, amount: number): Trace => (audit) =>
  audit.filter((row) => row.model === model && row.op === 'U' && row.key === id && Number(row.after?.[column]) - Number(row.before?.[column]) === amount).length

/** Updates that put this element into a list that did not have it. */
const gained = (model: string, id: string, column: string, element: string): Trace => (audit) => {
  const has = (row: AuditRow['after']): boolean => (row?.[column] as readonly unknown[] | undefined)?.includes(element) === true
  return audit.filter((row) => row.model === model && row.op === 'U' && row.key === id && has(row.after) && !has(row.before)).length
}

const write = (who: Who, changes: readonly Change[], more: { readonly strict?: true; readonly mayFail?: true } = {}): Step => ({
  kind: 'write',
  who,
  changes,
  strict: more.strict === true,
  mayFail: more.mayFail === true,
})

const create = (model: string, id: string, values: Readonly<Record<string, unknown>>): Change => ({ model, op: 'create', id, values, trace: made(model, id) })
const remove = (model: string, id: string): Change => ({ model, op: 'delete', id, values: {}, trace: gone(model, id) })
const set = (model: string, id: string, field: string, value: unknown): Change => ({ model, op: 'update', id, values: { [field]: value }, trace: became(model, id, field, value) })
const add = (model: string, id: string, field: string, amount: number): Change => ({ model, op: 'update', id, values: { [field]: { add: amount } }, trace: grew(model, id, field, amount) })
const insert = (id: string, element: string): Change => ({ model: 'Task', op: 'update', id, values: { log: { add: [element] } }, trace: gained('Task', id, 'log', element) })

const task = (name: string, project = rocket): Change => create('Task', idOf(name), { projectId: project, title: name })
const title = (name: string, text: string): Change => set('Task', idOf(name), 'title', text)
const comment = (who: Who, name: string, on: string): Change => create('Comment', idOf(name), { taskId: on, authorId: people[who], body: name })
const link = (name: string, on: string, tag: string): Change => create('Tagging', idOf(name), { taskId: on, tagId: tag })
const board = (kind: 'open' | 'close', who: Who, projectId: string): Step => ({ kind, who, scope: 'board', params: { projectId } })
const one = (who: Who, change: Change, more: { readonly strict?: true; readonly mayFail?: true } = {}): Step => write(who, [change], more)
const sql = (text: string): Step => ({ kind: 'sql', text })

/** Before anything is counted as a step: what both have open. */
export const firstScopes: readonly Scoping[] = (['ada', 'bob'] as const).flatMap((who): readonly Scoping[] => [
  { kind: 'open', who, scope: 'organisation', params: { organisationId: organisation } },
  { kind: 'open', who, scope: 'board', params: { projectId: rocket } },
])

export const script: readonly Step[] = [
  // Together, online.
  ...['a1', 'a2', 'a3', 'a4'].map((name) => one('ada', task(name))),
  ...['b1', 'b2', 'b3', 'b4'].map((name) => one('bob', task(name))),
  one('ada', title('a1', 'a1 once')),
  one('bob', title('b1', 'b1 once')),
  one('ada', add('Task', engine, 'votes', 1)),
  one('bob', add('Task', engine, 'votes', 2)),
  one('ada', insert(engine, 'ada:1')),
  one('bob', insert(engine, 'bob:1')),
  one('ada', comment('ada', 'ca1', engine)),
  one('bob', comment('bob', 'cb1', idOf('a1'))),
  one('ada', link('la1', idOf('a1'), urgent)),
  one('bob', link('lb1', idOf('b1'), nice)),
  write('ada', [title('a2', 'a2 strict'), add('Task', engine, 'votes', 4), comment('ada', 'ca2', idOf('a2'))], { strict: true }),
  write('bob', [title('b2', 'b2 strict'), add('Task', valve, 'votes', 8), link('lb2', idOf('b2'), urgent)], { strict: true }),
  sql(`update tasks set title = title || '!' where id = '${paint}'`),
  sql(`insert into tasks (id, project_id, title) values ('${idOf('s1')}', '${rocket}', 's1'), ('${idOf('s2')}', '${rocket}', 's2')`),
  // Scopes come and go.
  board('open', 'bob', boat),
  one('bob', add('Task', hull, 'votes', 16)),
  one('bob', task('b5', boat)),
  board('open', 'ada', boat),
  one('ada', add('Task', hull, 'votes', 32)),
  board('close', 'bob', boat),
  one('ada', title('b5', 'b5 by ada')),
  { kind: 'open', who: 'ada', scope: 'me', params: {} },
  sql(`update tasks set project_id = '${boat}' where id = '${idOf('s1')}'`),
  board('open', 'bob', boat),
  // Ada alone.
  { kind: 'offline', who: 'ada' },
  one('ada', task('a5')),
  one('ada', title('a5', 'a5 offline')),
  one('ada', add('Task', engine, 'votes', 64)),
  one('ada', insert(engine, 'ada:2')),
  write('ada', [task('a6'), link('la6', idOf('a6'), nice), comment('ada', 'ca6', idOf('a6'))]),
  one('ada', remove('Task', idOf('a3'))),
  write('ada', [task('a7')]),
  one('ada', remove('Task', idOf('a7'))),
  one('ada', set('Task', valve, 'rank', 71), { mayFail: true }),
  one('bob', set('Task', valve, 'rank', 72), { mayFail: true }),
  one('bob', add('Task', engine, 'votes', 128)),
  one('bob', title('b3', 'b3 meanwhile')),
  one('bob', remove('Task', idOf('b4'))),
  { kind: 'sent', who: 'bob' },
  sql(`update tasks set note = 'by sql' where project_id = '${rocket}' and title <> 'a3'`),
  sql(`delete from tasks where id = '${idOf('s2')}'`),
  { kind: 'online', who: 'ada' },
  { kind: 'wait', ms: 600 },
  // Names that are taken.
  one('bob', create('Tag', idOf('tb'), { organisationId: organisation, name: 'twice' })),
  { kind: 'sent', who: 'bob' },
  one('ada', create('Tag', idOf('ta'), { organisationId: organisation, name: 'twice' }), { mayFail: true }),
  one('bob', create('Organisation', idOf('ob'), { name: 'Copy', slug: 'works', ownerId: people.bob }), { mayFail: true }),
  one('ada', create('Tag', idOf('tc'), { organisationId: organisation, name: 'free' })),
  // Both alone, the same pair, a swap of marks, then both back.
  { kind: 'offline', who: 'ada' },
  { kind: 'offline', who: 'bob' },
  one('ada', link('pa', paint, urgent), { mayFail: true }),
  one('bob', link('pb', paint, urgent), { mayFail: true }),
  one('ada', set('Task', paint, 'title', 'paint by ada'), { mayFail: true }),
  one('bob', set('Task', paint, 'title', 'paint by bob'), { mayFail: true }),
  one('bob', add('Task', paint, 'votes', 256)),
  one('ada', add('Task', paint, 'votes', 512)),
  one('ada', insert(paint, 'ada:3')),
  one('bob', insert(paint, 'bob:3')),
  write('ada', [title('a1', 'a1 alone'), title('a2', 'a2 alone')]),
  write('bob', [title('b1', 'b1 alone'), comment('bob', 'cb2', engine)], { strict: true }),
  { kind: 'online', who: 'bob' },
  { kind: 'wait', ms: 400 },
  { kind: 'online', who: 'ada' },
  { kind: 'wait', ms: 600 },
  // What hangs on a project goes with it.
  one('ada', create('Project', idOf('p1'), { organisationId: organisation, title: 'short' })),
  board('open', 'ada', idOf('p1')),
  write('ada', [task('p1a', idOf('p1')), task('p1b', idOf('p1')), link('lp', idOf('p1a'), nice)]),
  board('open', 'bob', idOf('p1')),
  one('bob', title('p1a', 'p1a by bob')),
  { kind: 'sent', who: 'bob' },
  one('ada', remove('Project', idOf('p1'))),
  board('close', 'ada', idOf('p1')),
  board('close', 'bob', idOf('p1')),
  one('bob', remove('Comment', idOf('cb1'))),
  one('ada', remove('Tagging', idOf('la1'))),
  // A right is taken and given back.
  { kind: 'sent', who: 'bob' },
  sql(`update memberships set role = 'viewer' where organisation_id = '${organisation}' and person_id = '${people.bob}'`),
  one('bob', title('b3', 'b3 without a right'), { mayFail: true }),
  one('ada', title('a5', 'a5 meanwhile')),
  sql(`update memberships set role = 'editor' where organisation_id = '${organisation}' and person_id = '${people.bob}'`),
  { kind: 'wait', ms: 1600 },
  one('bob', title('b2', 'b2 with a right')),
  // One transaction of another program, and the end.
  sql(`with moved as (update tasks set project_id = '${boat}' where id = '${idOf('b2')}' returning id) insert into tasks (id, project_id, title) select '${idOf('s3')}', '${boat}', 's3' from moved`),
  one('ada', add('Task', engine, 'votes', 1024)),
  one('bob', add('Task', engine, 'votes', 2048)),
  one('ada', insert(valve, 'ada:4')),
  one('bob', insert(valve, 'bob:4')),
  write('ada', [task('a8'), link('la8', idOf('a8'), urgent), add('Task', valve, 'votes', 4096)], { strict: true }),
  write('bob', [task('b8'), comment('bob', 'cb8', idOf('b8')), add('Task', valve, 'votes', 8192)]),
  { kind: 'close', who: 'ada', scope: 'me', params: {} },
  one('ada', set('Person', people.ada, 'about', 'done')),
  one('bob', set('Person', people.bob, 'about', 'done')),
  one('ada', set('Project', boat, 'title', 'Ship')),
]

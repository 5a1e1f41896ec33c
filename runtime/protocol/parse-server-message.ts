/** Frames that a server sends, read by the client: keys of later versions are left behind, what is known must be right. */
import { type Decode, decodeFrame, exactly, flag, listOf, nullable, number, objectOf, recordOf, taggedBy, text } from './decode.js'
import { bucketCount, partCount } from './digest.js'
import { anyText, count, instant, label, parseJson, sequence, tupleOf, uuid, uuids } from './frame-text.js'
import type {
  Authenticated,
  Changed,
  ClaimChange,
  Closing,
  Delta,
  LineDigest,
  LostField,
  MergedLink,
  Outcome,
  Page,
  Pong,
  PushResult,
  Pushed,
  Refused,
  ServerMessage,
  Synced,
  VersionedRow,
  Wanted,
  WantedLine,
  Welcome,
} from './messages.js'

/**
 * A frame of which nothing is used before all of it was understood. Values of rows are passed on unread: the
 * generated codec of their model reads them.
 * @throws SyncError `malformed-frame` with the place (`details.place`), never the content.
 */
export const parseServerMessage = (frame: string): ServerMessage => decodeFrame(serverMessage, parseJson(frame))

const open = { closed: false } as const

const below = (limit: number): Decode<number> =>
  number((each) => Number.isInteger(each) && each >= 0 && each < limit, `a whole number below ${limit}`)

const milliseconds = number((each) => each >= 0 && Number.isFinite(each), 'a number of milliseconds')

const welcome = objectOf<Welcome>(
  { kind: exactly('welcome'), epoch: label, lastSeq: count, lastRun: label, forked: flag, now: instant, heartbeat: milliseconds },
  { closed: false, optional: ['lastRun'] },
)

const refusals = {
  unauthenticated: true,
  'wrong-principal': true,
  'client-taken': true,
  'schema-unknown': true,
  'protocol-unknown': true,
  'malformed-frame': true,
  'limit-exceeded': true,
  expired: true,
  'database-unreachable': true,
  internal: true,
} satisfies Readonly<Record<Refused['code'], true>>

/** A reason that only a later server knows is still a refusal. */
const refusal: Decode<Refused['code']> = (value) => {
  const code = label(value)
  return Object.hasOwn(refusals, code) ? (code as Refused['code']) : 'internal'
}

const refused = objectOf<Refused>(
  { kind: exactly('refused'), code: refusal, retryAfter: milliseconds },
  { closed: false, optional: ['retryAfter'] },
)

const line = { scope: count, model: label }

const wantedLine: Decode<WantedLine> = taggedBy<WantedLine>('want', {
  summary: objectOf<Extract<WantedLine, { want: 'summary' }>>({ ...line, want: exactly('summary') }, open),
  parts: objectOf<Extract<WantedLine, { want: 'parts' }>>(
    { ...line, want: exactly('parts'), buckets: listOf(below(bucketCount)) },
    open,
  ),
  keys: objectOf<Extract<WantedLine, { want: 'keys' }>>(
    { ...line, want: exactly('keys'), parts: nullable(listOf(below(partCount))) },
    open,
  ),
})

const wanted = objectOf<Wanted>({ kind: exactly('wanted'), attempt: count, lines: listOf(wantedLine) }, open)

const versioned = tupleOf(2, Infinity, 'a row: its version, its id, its other fields')
const row: Decode<VersionedRow> = (value) => {
  const [version, id] = versioned(value)
  count(version)
  uuid(id)
  return value as VersionedRow
}

const claimChange = objectOf<ClaimChange>(
  { scope: count, model: label, reset: exactly(true), add: uuids, out: uuids, deleted: uuids },
  { closed: false, optional: ['reset'] },
)

const delta = objectOf<Delta>({ rows: recordOf(listOf(row)), claims: listOf(claimChange) }, open)

const page = objectOf<Page>({ kind: exactly('page'), attempt: count, delta }, open)

const total = text((each) => /^[0-9a-f]{16}$/.test(each), 'sixteen hexadecimal digits')

const synced = objectOf<Synced>(
  {
    kind: exactly('synced'),
    attempt: count,
    from: nullable(anyText),
    position: anyText,
    done: count,
    scopes: listOf(objectOf<Synced['scopes'][number]>({ id: count, hash: label }, open)),
    digests: listOf(objectOf<LineDigest>({ ...line, digest: total }, open)),
  },
  { closed: false, optional: ['digests'] },
)

const changed = objectOf<Changed>(
  { kind: exactly('changed'), from: anyText, to: anyText, done: count, attempt: count, delta },
  { closed: false, optional: ['attempt'] },
)

const lostField = objectOf<LostField>({ model: label, id: uuid, field: label }, open)

const mergedLink = objectOf<MergedLink>({ model: label, id: uuid, into: uuid }, open)

/** Codes and names of fields may be those of an app's hooks, whatever they look like. */
const outcome: Decode<Outcome> = taggedBy<Outcome>('kind', {
  applied: objectOf<Extract<Outcome, { kind: 'applied' }>>({ kind: exactly('applied') }, open),
  merged: objectOf<Extract<Outcome, { kind: 'merged' }>>(
    { kind: exactly('merged'), lost: listOf(lostField), links: listOf(mergedLink), unconverted: listOf(lostField) },
    { closed: false, optional: ['links', 'unconverted'] },
  ),
  rejected: objectOf<Extract<Outcome, { kind: 'rejected' }>>(
    { kind: exactly('rejected'), code: anyText, model: nullable(label), id: nullable(uuid), fields: listOf(anyText) },
    open,
  ),
})

const pushResult = objectOf<PushResult>({ seq: sequence, outcome, rows: recordOf(listOf(row)) }, open)

const pushed = objectOf<Pushed>(
  {
    kind: exactly('pushed'),
    results: listOf(pushResult),
    gap: objectOf<{ readonly expected: number }>({ expected: sequence }, open),
  },
  { closed: false, optional: ['gap'] },
)

const authenticated = objectOf<Authenticated>({ kind: exactly('authenticated') }, open)

const pong = objectOf<Pong>({ kind: exactly('pong'), at: instant, now: instant }, open)

const closing = objectOf<Closing>({ kind: exactly('closing'), retryAfter: milliseconds }, open)

const serverMessage: Decode<ServerMessage> = taggedBy<ServerMessage>('kind', {
  welcome,
  refused,
  wanted,
  page,
  synced,
  changed,
  pushed,
  authenticated,
  pong,
  closing,
})

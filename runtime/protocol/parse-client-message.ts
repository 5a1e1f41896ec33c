/** Frames that a client sends, read by the server: strict, because anybody can send one. */
import { type Decode, decodeFrame, exactly, flag, listOf, nullable, objectOf, oneOf, recordOf, taggedBy, text } from './decode.js'
import { anyText, count, instant, label, parseJson, uuid, wire } from './frame-text.js'
import type {
  Authenticate,
  ClientMessage,
  CloseScope,
  Hello,
  Hold,
  Ping,
  Push,
  ScopeClaim,
  Sync,
} from './messages.js'
import { mutation } from './parse-mutation.js'
import { base64 } from './values.js'

/**
 * A frame exactly as docs/protocol.md has it: no other keys, no missing ones, every id canonical, every number finite. Names
 * of models, fields and scopes are not looked up here, nor values checked against their fields.
 * @throws SyncError `malformed-frame` with the place (`details.place`), never the content.
 */
export const parseClientMessage = (frame: string): ClientMessage => decodeFrame(clientMessage, parseJson(frame))

const strict = { closed: true } as const

const hello = objectOf<Hello>(
  {
    kind: exactly('hello'),
    protocol: count,
    schema: label,
    client: uuid,
    principal: label,
    token: anyText,
    session: objectOf<Hello['session']>({ last: nullable(label), next: label }, strict),
  },
  strict,
)

const scopeClaim = objectOf<ScopeClaim>(
  { id: count, name: label, params: recordOf(wire), hash: nullable(label), position: nullable(anyText) },
  strict,
)

const sync = objectOf<Sync>(
  { kind: exactly('sync'), attempt: count, scopes: listOf(scopeClaim), check: exactly(true) },
  { closed: true, optional: ['check'] },
)

const form = oneOf<Hold['form']>('digests', 'keys')

const bytes = text((each) => each.length % 4 === 0 && base64.test(each), 'base64')

const hold = objectOf<Hold>(
  { kind: exactly('hold'), attempt: count, scope: count, model: label, form, bytes, last: flag },
  strict,
)

const close = objectOf<CloseScope>({ kind: exactly('close'), scope: count }, strict)

const push = objectOf<Push>({ kind: exactly('push'), mutations: listOf(mutation) }, strict)

const authenticate = objectOf<Authenticate>({ kind: exactly('authenticate'), token: anyText }, strict)

const ping = objectOf<Ping>({ kind: exactly('ping'), at: instant }, strict)

const clientMessage: Decode<ClientMessage> = taggedBy<ClientMessage>('kind', {
  hello,
  sync,
  hold,
  close,
  push,
  authenticate,
  ping,
})

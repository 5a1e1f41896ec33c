/**
 * Every frame of the protocol, each a JSON object in one text frame. A request is an imperative, its answer the past
 * participle. docs/protocol.md shows them in order.
 */
import type { Uuid } from './descriptor.js'
import type { Wire, WireRow } from './values.js'

export const protocolVersion = 1

/** Attempts that a server begins (large changes on a live connection) are numbered from here; a client's own stay below. */
export const firstServerAttempt = 2 ** 40

export type ClientMessage = Hello | Sync | Hold | CloseScope | Push | Authenticate | Ping
export type ServerMessage = Welcome | Refused | Wanted | Page | Synced | Changed | Pushed | Authenticated | Pong | Closing

/** First frame of a connection; the token never travels in a URL. */
export interface Hello {
  readonly kind: 'hello'
  readonly protocol: number
  /** Hash of the schema that generated the client. */
  readonly schema: string
  readonly client: Uuid
  /** Whom the client was opened for; the server checks it against the verified identity. */
  readonly principal: string
  readonly token: string
  /** Nonces by which a cloned device is told from the original: the one last accepted (null: none yet), and a new one. */
  readonly session: { readonly last: string | null; readonly next: string }
}

export interface Welcome {
  readonly kind: 'welcome'
  /** Epoch of the database; a client that knew another one takes a new client id for what is still pending. */
  readonly epoch: string
  /** Sequence number of the last mutation of this client that was decided; 0: none. */
  readonly lastSeq: number
  /** The run that made that mutation: one of another run under its number is not the one that was decided. Absent: none was. */
  readonly lastRun?: string
  /** The session nonce was another device's: this client must take a new client id. Until then it may push again what was decided, to hear the outcomes. */
  readonly forked: boolean
  /** The database's clock, milliseconds since 1970. */
  readonly now: number
  /** Interval in which each side sends at least one frame, milliseconds. */
  readonly heartbeat: number
}

/** Instead of `welcome`, or at any time before closing. `retryAfter` (ms) only for passing causes. */
export interface Refused {
  readonly kind: 'refused'
  readonly code:
    | 'unauthenticated'
    | 'wrong-principal'
    | 'client-taken'
    | 'schema-unknown'
    | 'protocol-unknown'
    | 'malformed-frame'
    | 'limit-exceeded'
    | 'expired'
    | 'database-unreachable'
    | 'internal'
  readonly retryAfter?: number
}

/** A scope that the client has open. `id` is its number on this client, for as long as the client keeps its rows. */
export interface ScopeClaim {
  readonly id: number
  readonly name: string
  readonly params: Readonly<Record<string, Wire>>
  /** What the server said with the last `synced` or `changed` of this scope; null: never synced. */
  readonly hash: string | null
  /** Position that the held rows of this scope have; null: never synced, nothing is held. */
  readonly position: string | null
}

/**
 * Brings scopes into step: all of them at connection, single ones when they are opened later. The answer is a run of `page`
 * frames with this attempt's number and then `synced`.
 */
export interface Sync {
  readonly kind: 'sync'
  readonly attempt: number
  /** With a position and no hash: the client does not trust what it holds of the scope, and wants it compared. */
  readonly scopes: readonly ScopeClaim[]
  /** `synced` is to say the digests of these scopes. */
  readonly check?: true
}

/** The server cannot use a scope's position and asks what is held; answered by `hold` frames, the last with `last: true`. */
export interface Wanted {
  readonly kind: 'wanted'
  readonly attempt: number
  readonly lines: readonly WantedLine[]
}

/**
 * What the server wants to hear of a scope's rows of one model (runtime/protocol/digest.ts). `summary`: digests of all buckets, or
 * at once the keys if those are shorter. `parts`: digests of the parts of these buckets. `keys`: keys and versions in these
 * parts; null: in all.
 */
export type WantedLine = { readonly scope: number; readonly model: string } & Wish

export type Wish =
  | { readonly want: 'summary' }
  | { readonly want: 'parts'; readonly buckets: readonly number[] }
  | { readonly want: 'keys'; readonly parts: readonly number[] | null }

/** A part of the answer. A line of which nothing is held needs none. */
export interface Hold {
  readonly kind: 'hold'
  readonly attempt: number
  readonly scope: number
  readonly model: string
  /** Digests come in one frame for each line, keys in as many as it takes. */
  readonly form: 'digests' | 'keys'
  /** In base64: eight bytes a digest, in the order of what was asked for; 24 bytes a key with its version. */
  readonly bytes: string
  /** No more `hold` frames for this question. */
  readonly last: boolean
}

export interface CloseScope {
  readonly kind: 'close'
  readonly scope: number
}

/** Changes for a cache. Rows stand once, whatever number of scopes claims them. */
export interface Delta {
  /** By model: `[version, ...fields]`. */
  readonly rows: Readonly<Record<string, readonly VersionedRow[]>>
  readonly claims: readonly ClaimChange[]
}

export type VersionedRow = readonly [version: number, ...fields: WireRow]

/** What becomes of a scope's claims on one model's rows. */
export interface ClaimChange {
  readonly scope: number
  readonly model: string
  /** This scope's claims on the model end first, all of them (`out`). */
  readonly reset?: true
  readonly add: readonly Uuid[]
  /** Left the scope: this claim ends. */
  readonly out: readonly Uuid[]
  /** Deleted: every scope's claim ends. */
  readonly deleted: readonly Uuid[]
}

/** Part of an attempt: stored, not shown, until the `synced` or `changed` that names the attempt. */
export interface Page {
  readonly kind: 'page'
  readonly attempt: number
  readonly delta: Delta
}

/** The end of an attempt: its pages and the whole device are now at `position`. */
export interface Synced {
  readonly kind: 'synced'
  readonly attempt: number
  /** The device's position before (null: at connection) and now. */
  readonly from: string | null
  readonly position: string
  /** Mutations up to this sequence number are decided and, if applied, contained. */
  readonly done: number
  /** Hashes to send with the next claim of each scope in the attempt. */
  readonly scopes: readonly { readonly id: number; readonly hash: string }[]
  /** Of the lines of these scopes at `position`, for the client to compare: now and then, and if it asked. */
  readonly digests?: readonly LineDigest[]
}

export interface LineDigest {
  readonly scope: number
  readonly model: string
  /** Sixteen hexadecimal digits (`Digests.total`). */
  readonly digest: string
}

/** Everything visible between two positions, for all scopes of the device. Empty ones move the position. */
export interface Changed {
  readonly kind: 'changed'
  readonly from: string
  readonly to: string
  readonly done: number
  /** Pages sent before, if the change was large; its number is the server's (from `firstServerAttempt`). */
  readonly attempt?: number
  readonly delta: Delta
}

export interface Push {
  readonly kind: 'push'
  readonly mutations: readonly Mutation[]
}

/** One local transaction: applied as a whole or not at all. */
export interface Mutation {
  /** 1, 2, 3 … for each client. */
  readonly seq: number
  /**
   * A word that its client drew when it started. A copy of a device, or one that lost the end of its storage, draws numbers that
   * were drawn already: in another run.
   */
  readonly run: string
  readonly schema: string
  /** When the user did it, by the client's clock corrected by the measured offset; milliseconds since 1970. */
  readonly at: number
  /** One lost field rejects the whole. */
  readonly strict: boolean
  readonly ops: readonly Op[]
}

export type Op = CreateOp | UpdateOp | DeleteOp

export interface CreateOp {
  readonly op: 'create'
  readonly model: string
  readonly id: Uuid
  readonly values: Readonly<Record<string, Wire>>
  /** The author knows that there was such a row, and wants it back: the only create that a deleted key takes. */
  readonly restore?: true
}

export interface UpdateOp {
  readonly op: 'update'
  readonly model: string
  readonly id: Uuid
  /** Version of the base row it saw; 0: a row that the server had not confirmed. Only short-cuts comparisons. */
  readonly version: number
  readonly set: Readonly<Record<string, FieldEdit>>
}

/** What becomes of one field: a value, an amount for a counter, elements for a set. */
export type FieldEdit = ValueEdit | AmountEdit | ElementsEdit

/** A new value, and the value that was seen when it was made. */
export interface ValueEdit {
  readonly seen: Wire
  readonly value: Wire
}

/** An amount to add to a counter. */
export interface AmountEdit {
  readonly add: number
}

/** Elements that a set is to have and not to have. No element is in both. */
export interface ElementsEdit {
  readonly add: readonly Wire[]
  readonly remove: readonly Wire[]
}

export interface DeleteOp {
  readonly op: 'delete'
  readonly model: string
  readonly id: Uuid
  /** Version of the base row it saw; 0: a row that the server had not confirmed. */
  readonly version: number
  /**
   * Under `edit-wins`: what the author saw in the fields that clients write, own pending edits included. Where the version moved
   * on by those alone, this tells it from an edit of somebody else.
   */
  readonly seen?: Readonly<Record<string, Wire>>
}

export interface Pushed {
  readonly kind: 'pushed'
  readonly results: readonly PushResult[]
  /** From `expected` on, what was pushed does not follow, or is not what was decided under its number: the client takes a new id for it. */
  readonly gap?: { readonly expected: number }
}

export interface PushResult {
  readonly seq: number
  readonly outcome: Outcome
  /** Rows of its ops as stored, where readable: `[version, ...fields]` by model. */
  readonly rows: Readonly<Record<string, readonly VersionedRow[]>>
}

/** What became of a mutation. `merged`: applied, but these fields kept the server's value, or these links were there already. */
export type Outcome =
  | { readonly kind: 'applied' }
  | {
      readonly kind: 'merged'
      readonly lost: readonly LostField[]
      readonly links?: readonly MergedLink[]
      /** Those of the lost fields that the server's version of the schema does not have, or not with such a value. */
      readonly unconverted?: readonly LostField[]
    }
  | {
      readonly kind: 'rejected'
      readonly code: RejectionCode
      readonly model: string | null
      readonly id: Uuid | null
      readonly fields: readonly string[]
    }

/** A new link whose pair another row linked already: `into` stands for it, for all later ops of this client, too. */
export interface MergedLink {
  readonly model: string
  readonly id: Uuid
  readonly into: Uuid
}

export interface LostField {
  readonly model: string
  readonly id: Uuid
  readonly field: string
}

/**
 * Why a mutation was rejected. `deleted`: the row is gone, or outside what this identity may read (one code for both).
 * `forbidden`: an access rule. `edited`: edit-wins, and the row changed since the delete's author saw it. `conflict`: policy
 * `reject`, or a lost field in a strict mutation. `exists`: create with a key that is taken. `unique`, `check`,
 * `reference`, `invalid`: a constraint or a value. `unmergeable`: the app's merge function failed. `unknown-schema`: cannot be
 * converted. Apps add their own in hooks.
 */
export type RejectionCode =
  | 'deleted'
  | 'forbidden'
  | 'edited'
  | 'conflict'
  | 'exists'
  | 'unique'
  | 'check'
  | 'reference'
  | 'invalid'
  | 'unmergeable'
  | 'unknown-schema'
  | (string & {})

/** A fresh token on a live connection; scopes are judged again under the new identity. */
export interface Authenticate {
  readonly kind: 'authenticate'
  readonly token: string
}

export interface Authenticated {
  readonly kind: 'authenticated'
}

export interface Ping {
  readonly kind: 'ping'
  readonly at: number
}

/** Echoes `at`; `now` is the server's clock, for the measured offset. */
export interface Pong {
  readonly kind: 'pong'
  readonly at: number
  readonly now: number
}

/** The server is about to close (shutdown, overload); come back after `retryAfter` ms. */
export interface Closing {
  readonly kind: 'closing'
  readonly retryAfter: number
}

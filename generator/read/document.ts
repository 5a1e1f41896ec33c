/**
 * What a schema file declares, with the place of every word: the language as written, before names are looked up. A thing of
 * the wrong shape was reported and is absent here.
 */
import type { Node } from './parse.js'
import type { Spot } from '../problem.js'

export interface Document {
  readonly file: string
  readonly at: Spot
  readonly name: Word | null
  readonly versions: Node | null
  readonly claims: readonly DeclaredValue[]
  readonly enums: readonly DeclaredEnum[]
  readonly models: readonly DeclaredModel[]
  readonly scopes: readonly DeclaredScope[]
}

/** A piece of text and where it stands. */
export interface Word {
  readonly text: string
  readonly at: Spot
}

/** A `true` or `false` and where it stands. */
export interface Flag {
  readonly value: boolean
  readonly at: Spot
}

/** A claim or a scope's parameter: `admin: boolean?`. */
export interface DeclaredValue {
  readonly name: Word
  readonly type: Word
}

export interface DeclaredEnum {
  readonly name: Word
  readonly values: readonly { readonly name: Word; readonly was: Word | null }[]
  /** Values of before: `{ name: doing, to: todo }`. */
  readonly dropped: readonly { readonly name: Word; readonly to: Word }[]
  readonly doc: Word | null
}

export interface DeclaredModel {
  readonly name: Word
  readonly doc: Word | null
  readonly was: Word | null
  readonly table: Word | null
  readonly plural: Word | null
  readonly timestamps: Flag | null
  readonly capture: Word | null
  readonly conflict: DeclaredPolicy | null
  readonly deleteConflict: Word | null
  readonly public: Flag | null
  readonly join: DeclaredJoin | null
  readonly fields: readonly DeclaredField[]
  readonly indexes: readonly DeclaredIndex[]
  readonly access: DeclaredAccess | null
}

/** The two references of a join model. */
export interface DeclaredJoin {
  readonly at: Spot
  readonly sides: readonly DeclaredReference[]
}

export type DeclaredField = DeclaredScalar | DeclaredReference

/** `conflict: latest`, or `conflict: { custom: ./merge.ts#mergeNotes }`: then `custom` names the function. */
export interface DeclaredPolicy extends Word {
  readonly custom: Word | null
}

interface DeclaredColumn {
  readonly name: Word
  readonly column: Word | null
  readonly unique: Flag | null
  readonly readonly: Flag | null
  readonly immutable: Flag | null
  readonly serverOnly: Flag | null
  readonly conflict: DeclaredPolicy | null
  readonly doc: Word | null
  readonly was: Word | null
  readonly deprecated: Flag | null
  readonly backfill: Node | null
}

/** `convert: { from: int, as: { text: $old } }`. */
export interface DeclaredConversion {
  readonly at: Spot
  readonly from: Word
  readonly as: Node
  readonly back: Node | null
}

export interface DeclaredScalar extends DeclaredColumn {
  readonly kind: 'scalar'
  readonly type: Word
  readonly max: Node | null
  readonly pattern: Word | null
  readonly default: Node | null
  readonly ts: Word | null
  readonly convert: DeclaredConversion | null
}

export interface DeclaredReference extends DeclaredColumn {
  readonly kind: 'reference'
  /** `User` or `User?`. */
  readonly ref: Word
  readonly inverse: Word | null
  readonly onDelete: Word | null
}

/** An entry of `indexes`, or of `unique` (then `unique` is true). */
export interface DeclaredIndex {
  readonly at: Spot
  readonly on: readonly Word[]
  readonly unique: boolean
  readonly deferrable: Flag | null
  readonly where: Node | null
}

export interface DeclaredAccess {
  readonly at: Spot
  readonly rules: readonly { readonly action: Word; readonly where: Node }[]
}

export interface DeclaredScope {
  readonly name: Word
  readonly doc: Word | null
  readonly public: Flag | null
  readonly params: readonly DeclaredValue[]
  readonly lines: readonly { readonly model: Word; readonly where: Node }[]
}

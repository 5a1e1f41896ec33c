export { checkValue, deepestJson } from './check-value.js'
export * from './descriptor.js'
export * from './digest.js'
export * from './errors.js'
export { distinct, withAmount, withElements } from './field-edit.js'
export { comparatorOf, equalJson, equalValues, equalWire } from './field-order.js'
export { type HeldKey, readKeys, writeKeys } from './held-keys.js'
export * from './messages.js'
export {
  type Comparator,
  compareBigint,
  compareBoolean,
  compareBytes,
  compareDecimal,
  compareNumber,
  compareText,
  compareTimestamp,
  comparing,
  descending,
  inOrder,
  nullsLast,
} from './order.js'
export { parseClientMessage } from './parse-client-message.js'
export { parseServerMessage } from './parse-server-message.js'
export * from './ports.js'
export * from './position.js'
export { type CompiledWhere, type Where, type World, compileWhere } from './predicate.js'
export * from './reconcile.js'
export {
  type JsonValue,
  type Wire,
  type WireRow,
  readBigint,
  readBytes,
  readJson,
  readNullable,
  readTimestamp,
  writeBigint,
  writeBytes,
  writeJson,
  writeNullable,
  writeTimestamp,
} from './values.js'
export type { FieldTransition, Fields, ModelTransition, ShapeTransition, Transition } from './transition.js'
export { fromWire, toWire } from './wire-value.js'

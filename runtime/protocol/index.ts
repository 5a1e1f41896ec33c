export { checkValue, deepestJson } from './check-value.js'
export * from './descriptor.js'
export * from './errors.js'
export * from './messages.js'
export * from './ports.js'
export * from './position.js'
export * from './reconcile.js'
export {
  type JsonValue,
  type Wire,
  type WireRow,
  readBigint,
  readBytes,
  readNullable,
  readTimestamp,
  writeBigint,
  writeBytes,
  writeNullable,
  writeTimestamp,
} from './values.js'
export { fromWire, toWire } from './wire-value.js'

/** Keys and versions as they travel: 24 bytes each in base64, sixteen of the id and eight of the version, the high one first. */
import type { Uuid } from './descriptor.js'
import { SyncError } from './errors.js'
import { readBytes, writeBytes } from './values.js'

/** A key, and the version of the row that is held; 0: of no version that a server could have. */
export type HeldKey = readonly [id: Uuid, version: number]

export const writeKeys = (keys: readonly HeldKey[]): string => {
  const bytes = new Uint8Array(keys.length * size)
  const view = new DataView(bytes.buffer)
  for (const [at, [id, version]] of keys.entries()) {
    const digits = id.replaceAll('-', '')
    for (let word = 0; word < 4; word += 1) {
      view.setUint32(at * size + word * 4, Number.parseInt(digits.slice(word * 8, word * 8 + 8), 16))
    }
    view.setUint32(at * size + 16, Math.floor(version / 2 ** 32))
    view.setUint32(at * size + 20, version % 2 ** 32)
  }
  return writeBytes(bytes) as string
}

/** @throws SyncError `malformed-frame` for anything that `writeKeys` does not write. */
export const readKeys = (text: string): readonly HeldKey[] => {
  const bytes = readBytes(text)
  if (bytes.length % size !== 0) throw new SyncError('malformed-frame', `keys and versions are ${size} bytes each`)
  const view = new DataView(bytes.buffer)
  return Array.from({ length: bytes.length / size }, (_, at): HeldKey => {
    const version = view.getUint32(at * size + 16) * 2 ** 32 + view.getUint32(at * size + 20)
    if (!Number.isSafeInteger(version)) throw new SyncError('malformed-frame', 'a version is below 2^53')
    return [uuidAt(view, at * size), version]
  })
}

const size = 24

const uuidAt = (view: DataView, at: number): Uuid => {
  const digits = [0, 4, 8, 12].map((word) => view.getUint32(at + word).toString(16).padStart(8, '0')).join('')
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}-${digits.slice(16, 20)}-${digits.slice(20)}`
}

import { describe, expect, it } from 'vitest'
import type { ClientMessage, ServerMessage } from '../../../runtime/protocol/messages.js'
import { Recorder } from './recorder.js'

const hello = { kind: 'hello', client: 'a client', schema: 'a schema' } as ClientMessage
const position = '00/1:1:'
const delta = { rows: {}, claims: [] }
const upwards: readonly ClientMessage[] = [
  { kind: 'sync', attempt: 1, scopes: [] },
  { kind: 'ping', at: 1 },
]
const downwards: readonly ServerMessage[] = [
  { kind: 'page', attempt: 1, delta },
  { kind: 'synced', attempt: 1, from: null, position, done: 0, scopes: [] },
  { kind: 'changed', from: position, to: '00/2:2:', done: 0, delta },
]

/** What may be said again for a device on whose connection all that was said. */
const recorded = (after: (recorder: Recorder) => void): readonly string[] => {
  const recorder = new Recorder()
  recorder.see('d1', 'node0', hello)
  for (const message of upwards) recorder.see('d1', 'node0', message)
  for (const message of downwards) recorder.see('node0', 'd1', message)
  after(recorder)
  return recorder.of('d1').map(({ text }) => (JSON.parse(text) as { readonly kind: string }).kind)
}

describe('what is said again', () => {
  it('[I44] is, on the next connection of one process, everything', () => {
    expect(recorded((recorder) => recorder.see('d1', 'node0', hello))).toEqual(['sync', 'ping', 'page', 'synced', 'changed'])
  })

  it('[I44] is nothing of an attempt of the process before: the next one gives its own the same numbers', () => {
    const next = (recorder: Recorder): void => {
      recorder.opened('d2')
      recorder.opened('d1')
      recorder.see('d1', 'node0', hello)
    }
    expect(recorded(next)).toEqual(['ping', 'changed'])
  })
})

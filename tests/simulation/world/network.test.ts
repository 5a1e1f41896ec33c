/** The simulated network is a network: what its faults do not break, TCP does not break either. */
import { describe, expect, it } from 'vitest'
import type { Socket } from 'syncgen/server'
import { Kernel } from '../kernel/kernel.js'
import { type Place, WorldNetwork } from './network.js'

/** A connection that stands, and what its two ends hear. */
const connected = async (seed: number) => {
  const kernel = new Kernel({ seed })
  const heard: { readonly device: string[]; readonly node: string[] } = { device: [], node: [] }
  const device = { name: 'd1', asleepUntil: 0 }
  const ends: Socket[] = []
  const node = {
    name: 'node0',
    asleepUntil: 0,
    isAlive: true,
    accept: (end) => {
      ends.push(end)
      return { received: (text) => void heard.node.push(text ?? ''), failed: () => undefined, closed: () => undefined }
    },
  } satisfies Place
  const network = new WorldNetwork({ kernel, dice: kernel.dice('network'), place: () => node, count: () => undefined })
  const socket = network.of(device, () => true).connect('ws://node0', {
    opened: () => undefined,
    received: (text) => void heard.device.push(text),
    closed: (code) => void heard.device.push(`closed ${code}`),
  })
  await kernel.run(1_000)
  return { kernel, heard, device, node, socket, end: ends[0] }
}

const frames = Array.from({ length: 8 }, (_, at) => JSON.stringify({ kind: 'changed', at }))
const seeds = [1, 2, 3, 4, 5]

describe('the simulated network', () => {
  it.for(seeds)('[V117] a device that slept reads what was sent to it in order, and then that the connection is closed (seed %i)', async (seed) => {
    const { kernel, heard, device, end } = await connected(seed)
    device.asleepUntil = kernel.now + 5_000
    for (const frame of frames) {
      end?.send(frame, () => undefined)
      await kernel.run(100)
    }
    expect(heard.device).toEqual([])
    // What is due at the moment of waking meets what has waited for it.
    await kernel.run(device.asleepUntil - kernel.now - 10)
    end?.send('{"kind":"pong"}', () => undefined)
    end?.close(1000, '')
    await kernel.run(1_000)
    expect(heard.device).toEqual([...frames, '{"kind":"pong"}', 'closed 1000'])
  })

  it.for(seeds)('[V117] a device that is woken has read all of it then, and goes on without delay (seed %i)', async (seed) => {
    const { kernel, heard, device, end } = await connected(seed)
    device.asleepUntil = kernel.now + 60_000
    for (const frame of frames) end?.send(frame, () => undefined)
    await kernel.run(1_000)
    device.asleepUntil = 0
    kernel.woken(device)
    end?.send('{"kind":"pong"}', () => undefined)
    await kernel.run(1_000)
    expect(heard.device).toEqual([...frames, '{"kind":"pong"}'])
  })

  it.for(seeds)('[V117] a node that was frozen reads what was sent to it in order (seed %i)', async (seed) => {
    const { kernel, heard, node, socket } = await connected(seed)
    Object.assign(node, { asleepUntil: kernel.now + 5_000 })
    for (const frame of frames) socket.send(frame)
    await kernel.run(6_000)
    expect(heard.node).toEqual(frames)
  })
})

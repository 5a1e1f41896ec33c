import { describe, expect, it } from 'vitest'
import { Channel, type Socket } from './channel.js'

/** A socket whose network takes what it is told to take. */
const slowSocket = () => {
  const sent: (() => void)[] = []
  const texts: string[] = []
  const closed: string[] = []
  const socket: Socket = {
    send: (text, done) => {
      texts.push(text)
      sent.push(done)
    },
    close: (code, reason) => closed.push(`${code} ${reason}`),
    terminate: () => closed.push('terminated'),
  }
  return { socket, texts, closed, take: (count: number) => sent.splice(0, count).forEach((done) => done()) }
}

describe('a channel', () => {
  it('[V45] is full while more than its limit waits, and drained when half of it has left', async () => {
    const { socket, take } = slowSocket()
    const channel = new Channel(socket, 10)
    channel.sendText('12345')
    channel.sendText('67890')
    expect(channel.full).toBe(false)
    await channel.drained()
    channel.sendText('ü')
    expect(channel.full).toBe(true)
    let drained = false
    const waiting = channel.drained().then(() => (drained = true))
    take(1)
    await Promise.resolve()
    expect(drained).toBe(false)
    take(1)
    await waiting
    expect(channel.full).toBe(false)
  })

  it('[V74] that has ended takes nothing more and keeps nobody waiting', async () => {
    const { socket, texts, closed } = slowSocket()
    const channel = new Channel(socket, 1)
    channel.send({ kind: 'authenticated' })
    const waiting = channel.drained()
    channel.close(1008, 'why')
    await waiting
    channel.send({ kind: 'authenticated' })
    channel.close(1000, 'again')
    expect(texts).toEqual(['{"kind":"authenticated"}'])
    expect(closed).toEqual(['1008 why'])
  })
})

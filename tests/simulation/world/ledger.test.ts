import { describe, expect, it } from 'vitest'
import { type Fate, Ledger, type LocalWrite, madeIn } from './ledger.js'

const mutation = { run: 'r', at: 1 }

const waits = new Set([madeIn(mutation)])

const written = (ledger: Ledger, fate: Fate): LocalWrite =>
  ledger.add({ device: 'd1', at: 0, made: madeIn(mutation), what: 'create Tag', marks: ['d1:1'], rows: [], isDurable: true, fate, outcome: null })

describe('the ledger', () => {
  it('[C143] a rejection that was not stored before the database was restored is what is heard next', () => {
    const ledger = new Ledger()
    const write = written(ledger, 'rejected')
    ledger.restored('d1', waits)
    ledger.told('d1', mutation, 'applied', { kind: 'applied' })
    expect(write).toMatchObject({ fate: 'applied', outcome: { kind: 'applied' } })
  })

  it('[C143] a rejection stands if it was stored, if another device’s was not, or without a restore', () => {
    for (const restore of [(ledger: Ledger) => ledger.restored('d1', new Set()), (ledger: Ledger) => ledger.restored('d2', waits), () => undefined]) {
      const ledger = new Ledger()
      const write = written(ledger, 'rejected')
      restore(ledger)
      ledger.told('d1', mutation, 'applied', { kind: 'applied' })
      expect(write.fate).toBe('rejected')
    }
  })

  it('[C143] it stands as well once it was heard again', () => {
    const ledger = new Ledger()
    const write = written(ledger, 'rejected')
    ledger.restored('d1', waits)
    ledger.told('d1', mutation, 'rejected', null)
    ledger.told('d1', mutation, 'applied', { kind: 'applied' })
    expect(write.fate).toBe('rejected')
  })

  it('[C143] what was applied is not decided otherwise by a restore', () => {
    const ledger = new Ledger()
    const write = written(ledger, 'applied')
    ledger.restored('d1', waits)
    ledger.told('d1', mutation, 'rejected', null)
    expect(write.fate).toBe('applied')
  })
})

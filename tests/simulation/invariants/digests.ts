import { type Invariant, Violation } from './invariant.js'

/** Both sides count the same: the digests of what a device holds are those of what the server would send. */
export const digests: Invariant = {
  id: 'I14',
  says: 'the digests of client and server are equal at rest, and never differed',
  watch: (world) => {
    const differences: string[] = []
    return {
      opened: (device, client) => void client.on('differed', (difference) => differences.push(`${device.name}: ${JSON.stringify(difference)}`)),
      afterEvent: () => {
        if (differences.length > 0) throw new Violation('I14', 'a device found itself different from the server', differences)
      },
      atRest: async () => {
        for (const { name, client, scopes } of world.devices) {
          if (client === null || scopes.size === 0) continue
          let outcome: { readonly lines: number; readonly differences: readonly object[] } | string | null = null
          client.check().then((checked) => (outcome = checked), (error: unknown) => (outcome = String(error)))
          for (let waited = 0; waited < 60 && (outcome as unknown) === null; waited += 1) await world.run(500)
          const found = outcome as { readonly lines: number; readonly differences: readonly object[] } | string | null
          if (found === null || typeof found === 'string') throw new Violation('I14', `${name} cannot check: ${found ?? 'no answer'}`)
          if (found.differences.length > 0) throw new Violation('I14', `${name} differs from the server`, found.differences.map((each) => JSON.stringify(each)))
          if (found.lines === 0) throw new Violation('I14', `${name} has ${scopes.size} scopes open, and no line of them was compared`)
        }
      },
    }
  },
}

import { type Invariant, Violation } from './invariant.js'

/** Nothing waits for ever: at rest everybody is connected, outboxes are empty, connections are no more than devices. */
export const liveness: Invariant = {
  id: 'I9',
  says: 'at rest every outbox is empty and every device in step',
  watch: (world) => ({
    atRest: () => {
      for (const { name, client, isTooOld } of world.devices) {
        if (isTooOld) continue // It says so, and waits with its work.
        const status = client?.status.get()
        if (client === null || status === undefined) throw new Violation('I9', `${name} does not open`)
        if (status.connection !== 'online') throw new Violation('I9', `${name} is ${status.connection}: ${status.error?.message ?? 'no error'}`)
        if (status.pending > 0 || client.pending().length > 0) throw new Violation('I9', `${name} still has ${status.pending} writes to send`)
      }
      const { links } = world.network
      if (links > world.devices.length) throw new Violation('I9', `${links} connections of ${world.devices.length} devices`)
    },
  }),
}

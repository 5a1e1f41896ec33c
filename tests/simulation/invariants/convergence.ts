import { unlikeCovered } from '../deploys/as-seen.js'
import { type Invariant, Violation } from './invariant.js'

/** At rest every cache holds what brute force over the tables says that its scopes cover, value by value, in the words of its own version. */
export const convergence: Invariant = {
  id: 'I1',
  says: 'at rest every cache equals its scopes',
  watch: (world) => ({
    atRest: async () => {
      const tables = await world.tables()
      for (const { name, client, identity, scopes, schema, isTooOld } of world.devices) {
        if (client === null || isTooOld) continue
        const open = [...scopes.values()].map(({ scope }) => scope)
        const found = unlikeCovered(world.versions, world.schema, tables, { schema, client, identity, scopes })
        if (found.length > 0) throw new Violation('I1', `${name} does not hold what its ${open.length} scopes cover`, [...found.slice(0, 6), ...open.map((scope) => JSON.stringify(scope))])
      }
    },
  }),
}

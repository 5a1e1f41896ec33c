/** Everything that can happen, with its weight. */
import type { Dice } from '../../postgres/random.js'
import { absences } from './absences.js'
import { contest } from './contest.js'
import { deviceFaults } from './device-faults.js'
import { foreignWrite, grant, replicate, truncate } from './foreign-write.js'
import { hostileWrite, localWrite } from './local-write.js'
import type { Operation } from './operation.js'
import { restores } from './restores.js'
import { changeScopes } from './scopes.js'
import { linkTwice, restoreRow } from './second-thoughts.js'
import { serverFaults } from './server-faults.js'

export const operations: readonly Operation[] = [localWrite, contest, hostileWrite, foreignWrite, grant, truncate, replicate, restoreRow, linkTwice, changeScopes, ...absences, ...deviceFaults, ...serverFaults, ...restores]

/** One of them, by weight. */
export const drawOperation = (dice: Dice, from: readonly Operation[] = operations): Operation => {
  let left = dice.next() * from.reduce((sum, { weight }) => sum + weight, 0)
  for (const operation of from) {
    left -= operation.weight
    if (left < 0) return operation
  }
  throw new Error('nothing to draw from')
}

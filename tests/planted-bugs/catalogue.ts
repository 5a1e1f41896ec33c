import { cacheBugs } from './bugs/cache.js'
import { captureBugs } from './bugs/capture.js'
import { cutoffBugs } from './bugs/cutoff.js'
import { deployBugs } from './bugs/deploys.js'
import { membershipBugs } from './bugs/membership.js'
import { outboxBugs } from './bugs/outbox.js'
import { pushBugs } from './bugs/push.js'
import type { PlantedBug } from './planted-bug.js'

/** Every planted bug. */
export const plantedBugs: readonly PlantedBug[] = [
  ...cutoffBugs,
  ...captureBugs,
  ...membershipBugs,
  ...pushBugs,
  ...outboxBugs,
  ...cacheBugs,
  ...deployBugs,
]

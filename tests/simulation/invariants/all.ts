/** Every invariant, in the order in which they are checked: the cause before its consequences. */
import { atomicVisibility } from './atomic-visibility.js'
import { cleanProcess } from './clean-process.js'
import { clientOrder } from './client-order.js'
import { convergence } from './convergence.js'
import { digests } from './digests.js'
import { exactlyOnce } from './exactly-once.js'
import { idempotence } from './idempotence.js'
import type { Invariant } from './invariant.js'
import { liveQueries } from './live-queries.js'
import { liveness } from './liveness.js'
import { noForeignEffect } from './no-foreign-effect.js'
import { noResurrection } from './no-resurrection.js'
import { nothingLost } from './nothing-lost.js'
import { onePredicate } from './one-predicate.js'
import { rejections } from './rejections.js'
import { scopeExactness } from './scope-exactness.js'
import { sessionGuarantees } from './session-guarantees.js'
import { storedFields } from './stored-fields.js'

export const invariants: readonly Invariant[] = [
  cleanProcess,
  exactlyOnce,
  clientOrder,
  noForeignEffect,
  noResurrection,
  rejections,
  scopeExactness,
  atomicVisibility,
  liveQueries,
  sessionGuarantees,
  liveness,
  nothingLost,
  storedFields,
  convergence,
  onePredicate,
  digests,
  idempotence,
]

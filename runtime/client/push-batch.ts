/** How mutations are cut into frames. */

const mostMutations = 50
const largestPush = 512_000

/** Ops of one frame, and so of one mutation: what a server takes. */
export const mostOps = 1_000

/** Above this a mutation fits no frame that a server takes (1 MiB with everything around it). */
export const largestMutation = 900_000

/** Bytes of a value as JSON text in UTF-8. */
export const bytesOf = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).length

/** The first mutations, as many as a frame takes; a large one goes alone. */
export const nextBatch = <Each extends Sized>(ready: readonly Each[]): readonly Each[] => {
  const batch: Each[] = []
  let bytes = 0
  let ops = 0
  for (const each of ready.slice(0, mostMutations)) {
    bytes += each.bytes
    ops += each.ops.length
    if (batch.length > 0 && (bytes > largestPush || ops > mostOps)) break
    batch.push(each)
  }
  return batch
}

interface Sized {
  readonly ops: readonly unknown[]
  readonly bytes: number
}

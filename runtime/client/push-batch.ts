/** How mutations are cut into frames. */

const mostMutations = 50
const largestPush = 512_000

/** Above this a mutation fits no frame that a server takes (1 MiB with everything around it). */
export const largestMutation = 900_000

/** Bytes of a value as JSON text in UTF-8. */
export const bytesOf = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).length

/** The first mutations, as many as a frame takes and `room` allows; a large one goes alone. */
export const nextBatch = <Each>(ready: readonly Each[], room: number, size: (each: Each) => number): readonly Each[] => {
  const batch: Each[] = []
  let bytes = 0
  for (const each of ready.slice(0, Math.max(0, Math.min(room, mostMutations)))) {
    bytes += size(each)
    if (batch.length > 0 && bytes > largestPush) break
    batch.push(each)
  }
  return batch
}

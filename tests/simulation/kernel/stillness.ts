/**
 * Knows when everything real has come to rest: no statement at PostgreSQL, no task of IndexedDB, no promise that could still move.
 * One per process, because what it watches is: it takes the place of the global `setImmediate`, by which fake-indexeddb schedules.
 */
const realImmediate = globalThis.setImmediate

let busy = 0
let watching = false

/** Begins to count tasks of IndexedDB. */
export const watchTasks = (): void => {
  if (watching) return
  watching = true
  const counted = (run: (...given: unknown[]) => void, ...given: unknown[]): NodeJS.Immediate => {
    busy += 1
    return realImmediate(() => {
      busy -= 1
      run(...given)
    })
  }
  globalThis.setImmediate = Object.assign(counted, realImmediate) as typeof setImmediate
}

/** Something real is under way until the returned function is called. */
export const underWay = (): (() => void) => {
  busy += 1
  let over = false
  return () => {
    if (!over) busy -= 1
    over = true
  }
}

/**
 * Resolves when nothing is under way and nothing was woken by what ended last. A callback of `setImmediate` runs after all microtasks,
 * so that one turn without work is proof. @throws after 20 s: something real never ends.
 */
export const stillness = async (): Promise<void> => {
  const start = performance.now()
  let turns = 0
  for (;;) {
    await new Promise<void>((resolve) => realImmediate(resolve))
    if (busy === 0) return
    turns += 1
    if (turns % 1000 === 0 && performance.now() - start > 20_000) throw new Error(`${busy} things do not come to rest`)
  }
}

/** Whether it settles within so many real ms. Leaves no timer behind: one for each statement would wake the loop again and again. */
export const settlesWithin = async (ms: number, running: Promise<unknown>): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => (timer = setTimeout(resolve, ms, false)))
  try {
    return await Promise.race([running.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}

/** A turn of the real event loop, and as long as given. */
export const realPause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

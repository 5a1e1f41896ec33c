/** What is to happen, in the order of virtual time. Among equals a seeded number decides, so that a seed is one order. */
export interface Due {
  /** Virtual ms. */
  readonly time: number
  readonly tiebreak: number
  /** Of scheduling: the last word. */
  readonly order: number
}

/** A binary heap. Whoever is taken out is the first. */
export class EventQueue<Event extends Due> {
  readonly #heap: Event[] = []

  get size(): number {
    return this.#heap.length
  }

  get first(): Event | undefined {
    return this.#heap[0]
  }

  push(event: Event): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(event)
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || !isBefore(event, parent)) break
      heap[at] = parent
      at = above
    }
    heap[at] = event
  }

  /** After the times of some have changed. */
  reorder(): void {
    for (const event of this.#heap.splice(0)) this.push(event)
  }

  pop(): Event | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      const [left, right] = [heap[below], heap[below + 1]]
      if (left === undefined) break
      let child = left
      if (right !== undefined && isBefore(right, left)) {
        child = right
        below += 1
      }
      if (!isBefore(child, last)) break
      heap[at] = child
      at = below
    }
    heap[at] = last
    return first
  }
}

const isBefore = (a: Due, b: Due): boolean =>
  a.time !== b.time ? a.time < b.time : a.tiebreak !== b.tiebreak ? a.tiebreak < b.tiebreak : a.order < b.order

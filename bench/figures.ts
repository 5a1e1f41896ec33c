/** One measured number. Bytes are those of the TCP connection, both ways told apart. */
export interface Figure {
  readonly name: string
  /** What syncgen does. */
  readonly ours: string
  /** The same by a bare pipeline of the same database, driver and socket; empty where there is none. */
  readonly bare: string
}

/** A table of docs/performance.md. */
export interface Section {
  readonly title: string
  /** What is measured, and how, in a sentence or two. */
  readonly how: string
  readonly figures: readonly Figure[]
}

/** The value below which the given part (0.5, 0.99) of the samples lies. */
export const percentile = (samples: readonly number[], part: number): number => {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN
}

export const median = (samples: readonly number[]): number => percentile(samples, 0.5)

export const milliseconds = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`

export const bytes = (count: number): string =>
  count < 1000 ? `${count} B` : count < 1_000_000 ? `${(count / 1000).toFixed(1)} kB` : `${(count / 1_000_000).toFixed(1)} MB`

/** Runs `work` and returns how long it took, ms, with what it returned. */
export const timed = async <Result>(work: () => Promise<Result>): Promise<readonly [ms: number, result: Result]> => {
  const began = performance.now()
  const result = await work()
  return [performance.now() - began, result]
}

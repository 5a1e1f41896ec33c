/**
 * The candidate that `word` was most likely meant to be, or null: at most one slip per three letters (optimal string
 * alignment: insertions, deletions, substitutions, swaps of neighbours; case counts nothing).
 */
export const suggest = (word: string, candidates: readonly string[]): string | null => {
  const limit = Math.max(1, Math.floor(word.length / 3))
  let best: { readonly candidate: string; readonly distance: number } | null = null
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > limit) continue
    const distance = distanceBetween(word.toLowerCase(), candidate.toLowerCase())
    if (distance <= limit && (best === null || distance < best.distance)) best = { candidate, distance }
  }
  return best === null ? null : best.candidate
}

/** `did you mean "string"?`, or else all there is to choose from. */
export const didYouMean = (word: string, candidates: readonly string[]): string => {
  const meant = suggest(word, candidates)
  if (meant !== null) return `did you mean "${meant}"?`
  if (candidates.length === 0) return 'there is none'
  return candidates.length === 1 ? `there is only "${candidates[0] ?? ''}"` : `it can be ${listed(candidates, 'or')}`
}

/** `a, b and c`; long lists are cut. */
export const listed = (words: readonly string[], last = 'and'): string => {
  const shown = words.length > 16 ? [...words.slice(0, 15), `${words.length - 15} more`] : words
  return shown.length < 2 ? (shown[0] ?? '') : `${shown.slice(0, -1).join(', ')} ${last} ${shown[shown.length - 1] ?? ''}`
}

const distanceBetween = (a: string, b: string): number => {
  let before: readonly number[] = []
  let row: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      next[j] = Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + same,
        swapped ? (before[j - 2] ?? 0) + 1 : Infinity,
      )
    }
    before = row
    row = next
  }
  return row[b.length] ?? 0
}

/** Merges of the world's own. */

/** The lines of both texts, each once, in order: whoever merges last, all lines stay. */
export const mergeSummaries = ({ stored, wanted }: { readonly seen: string; readonly stored: string; readonly wanted: string }): string =>
  [...new Set([...stored.split('\n'), ...wanted.split('\n')])].filter((line) => line !== '').toSorted().join('\n')

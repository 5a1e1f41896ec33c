import type { Edit, PlantedBug } from './planted-bug.js'

/** Source text by file. */
export type Sources = ReadonlyMap<string, string>

/**
 * The files of a bug with its edits in them, applied in their order.
 * @throws Error if an edit does not find its place exactly as often as it says: the source has changed, and the bug must follow.
 */
export const planted = (bug: PlantedBug, read: (file: string) => string): Sources => {
  const texts = new Map<string, string>()
  for (const edit of bug.edits) texts.set(edit.file, edited(bug.id, edit, texts.get(edit.file) ?? read(edit.file)))
  return texts
}

const edited = (id: string, { file, find, replace, times = 1 }: Edit, text: string): string => {
  const parts = text.split(find)
  if (parts.length - 1 !== times) throw new Error(`${id}: found ${parts.length - 1} times in ${file}, not ${times}: ${find}`)
  return parts.join(replace)
}

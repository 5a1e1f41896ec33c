/** What somebody could do to the world's schema. */
import type { Dice } from '../../postgres/random.js'

export interface Change {
  readonly name: string
  /** Whether servers of before cannot work on the database of after. */
  readonly breaksServers: boolean
  /** The schema's text after it. */
  readonly edit: (text: string) => string
}

/** One to three steps of one to three changes, each change once. */
export const drawChanges = (dice: Dice): readonly (readonly Change[])[] => {
  void dice
  return [changes]
}

const replaced = (text: string, from: string, to: string): string => {
  if (!text.includes(from)) throw new Error(`the schema has no ${from}`)
  return text.replace(from, () => to)
}

const changes: readonly Change[] = [
  {
    name: 'field added with a default',
    breaksServers: false,
    edit: (text) => replaced(text, '      reviewed: {', '      urgency: { type: int, default: 3 }\n      reviewed: {'),
  },
]

/** Names as words of a sentence, for doc comments. */

/** `TaskLabel` → `task label`, `dueAt` → `due at` */
export const words = (name: string): string =>
  parts(name).map((part) => (isInitials.test(part) ? part : part.toLowerCase())).join(' ')

/** `a task`, `an invoice line`, `a user` */
export const aWord = (name: string): string => `${soundsLikeVowel.test(words(name)) ? 'an' : 'a'} ${words(name)}`

/** `['state', 'dueAt', 'position']` → `state, dueAt and position` */
export const listed = (names: readonly string[]): string =>
  names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`

/** `task labels` → `Task labels`: at the start of a sentence. */
export const sentence = (text: string): string => `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}`

const isInitials = /^[A-Z0-9]{2,}$/

const soundsLikeVowel = /^(?:[aeiou](?!ser|nit|ni[^n])|h(?:our|eir))/i

const parts = (name: string): readonly string[] =>
  name.split(/[-_\s]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/).filter((part) => part !== '')

import { createHash } from 'node:crypto'

/** `projectId` → `project_id`, `HTTPServer` → `http_server`, `addressLine2` → `address_line2`. */
export const snakeCase = (name: string): string => wordsOf(name).join('_')

/** `TaskLabel` → `task-label`. */
export const kebabCase = (name: string): string => wordsOf(name).join('-')

/** `task_labels` → `taskLabels`, `TaskLabel` → `taskLabel`. */
export const camelCase = (name: string): string => {
  const pascal = pascalCase(name)
  return pascal.charAt(0).toLowerCase() + pascal.slice(1)
}

/** `task_label` → `TaskLabel`, `projectId` → `ProjectId`. */
export const pascalCase = (name: string): string =>
  wordsOf(name).map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')

/** The plural of a camelCase name, by its last word: `taskLabel` → `taskLabels`, `category` → `categories`. `plural:` overrides it. */
export const pluralOf = (name: string): string => {
  const last = /[A-Z]?[^A-Z]*$/.exec(name)?.[0] ?? name
  const irregular = irregularPlurals.get(last.toLowerCase())
  if (irregular !== undefined) return name.slice(0, -last.length) + last.charAt(0) + irregular.slice(1)
  if (/[^aeiou]y$/i.test(name)) return `${name.slice(0, -1)}ies`
  return /(s|x|z|ch|sh)$/i.test(name) ? `${name}es` : `${name}s`
}

/** Longest identifier that PostgreSQL keeps whole (NAMEDATALEN - 1). */
export const maxNameBytes = 63

/** `tasks_project_id_state_idx`; shortened to 63 bytes by a hash of the whole where it must be. */
export const indexName = (table: string, columns: readonly string[], ending: 'idx' | 'key'): string => {
  const name = [table, ...columns, ending].join('_')
  if (Buffer.byteLength(name) <= maxNameBytes) return name
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8)
  return `${name.slice(0, maxNameBytes - ending.length - hash.length - 2)}_${hash}_${ending}`
}

const irregularPlurals: ReadonlyMap<string, string> = new Map([
  ['person', 'people'],
  ['child', 'children'],
  ['man', 'men'],
  ['woman', 'women'],
  ['foot', 'feet'],
  ['tooth', 'teeth'],
  ['goose', 'geese'],
  ['mouse', 'mice'],
])

const wordsOf = (name: string): readonly string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .split(/[_-]+/)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase())

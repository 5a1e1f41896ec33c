import { createHash } from 'node:crypto'

/** A quoted identifier. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/**
 * A string literal without line breaks in it, so that indenting a statement never changes a value. PostgreSQL's text cannot hold
 * NUL; the schema was checked for it.
 */
export const literal = (text: string): string => {
  if (text.includes('\0')) throw new Error('NUL in a text: the schema was not checked')
  if (!/[\r\n]/.test(text)) return `'${text.replaceAll("'", "''")}'`
  const escaped = text.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\r', '\\r').replaceAll('\n', '\\n')
  return `E'${escaped}'`
}

/** Between dollars, which nothing in the text can end. */
export const dollarQuoted = (text: string): string => {
  let quote = '$$'
  while (text.includes(quote)) quote = `${quote.slice(0, -1)}_$`
  return `${quote}${text}${quote}`
}

/** PostgreSQL cuts identifiers at 63 bytes; a longer one keeps its start and gets six digits of its hash, so that none collide. */
export const fitted = (name: string): string => {
  if (Buffer.byteLength(name) <= 63) return name
  return `${name.slice(0, 56)}_${createHash('sha256').update(name).digest('hex').slice(0, 6)}`
}

/** Two spaces more before every line but the first. */
export const indented = (text: string, by = 2): string => text.replaceAll('\n', `\n${' '.repeat(by)}`)

/** Items joined on one line if they fit into 100 columns, else one a line, each after the first led by `word`. */
export const joined = (items: readonly string[], word: 'and' | 'or'): string => {
  const line = items.join(` ${word} `)
  if (line.length <= 100 && !line.includes('\n')) return line
  return items.map((item, at) => (at === 0 ? item : `${word} ${item}`)).join('\n')
}

/** Items with commas between them, as many on a line as fit into 100 columns; further lines are indented by `by`. */
export const filled = (items: readonly string[], by: number): string => {
  const lines: string[] = []
  for (const item of items) {
    const last = lines.at(-1)
    if (last !== undefined && `${last}, ${item}`.length + by <= 100) lines[lines.length - 1] = `${last}, ${item}`
    else lines.push(item)
  }
  return lines.join(`,\n${' '.repeat(by)}`)
}

/** `expression as name`, without the name where the expression ends with it. */
export const named = (expression: string, name: string): string => (expression.endsWith(`.${name}`) ? expression : `${expression} as ${name}`)

/** `task_label` of `TaskLabel`. */
export const snake = (name: string): string => name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toLowerCase()

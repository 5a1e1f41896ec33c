/** The little of a database that the doctor needs. */
export interface Asked {
  /** One statement; rows in the order of its select list. */
  readonly rows: (text: string, values?: readonly (string | readonly string[])[]) => Promise<readonly (readonly unknown[])[]>
  /** Commands without parameters and answers, separated by semicolons. */
  readonly command: (text: string) => Promise<void>
}

/** The texts of a row that has nothing else. */
export const fields = (row: readonly unknown[]): readonly [string, string, string, string] => {
  const [first = '', second = '', third = '', fourth = ''] = row
  return [String(first), String(second), String(third), String(fourth)]
}

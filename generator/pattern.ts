export const patternFault = (pattern: string): { readonly message: string; readonly hint: string } | null => {
  try {
    new RegExp(pattern, 'u')
    return null
  } catch {
    return { message: 'not a regular expression', hint: 'mend it' }
  }
}

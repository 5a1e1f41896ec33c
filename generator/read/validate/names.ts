import type { Word } from '../document.js'
import type { Declared } from '../merge-documents.js'
import { maxNameBytes } from '../../names.js'
import type { Report } from '../../problem.js'
import { type Reserved, reservedFor } from '../reserved.js'

/** Reports names that are malformed, reserved or too long. Names that SQL and TypeScript make of them are checked elsewhere. */
export const checkNames = ({ name: app, claims, enums, models, scopes }: Declared, report: Report): void => {
  const check = (word: Word | null, form: keyof typeof forms, ...kinds: readonly Reserved[]): void => {
    if (word !== null) checkName(word, form, kinds, report)
  }
  check(app, 'camelCase', 'name')
  for (const each of claims) check(each.name, 'claim', 'name')
  for (const each of enums) {
    check(each.name, 'PascalCase', 'type')
    for (const value of each.values) check(value.name, 'label')
  }
  for (const model of models) {
    check(model.name, 'PascalCase', 'type')
    check(model.plural, 'camelCase', 'cache')
    check(model.table, 'snake_case')
    for (const field of [...(model.join?.sides ?? []), ...model.fields]) {
      check(field.column, 'snake_case')
      if (field.kind === 'scalar') check(field.name, 'camelCase', 'field')
      else {
        check(field.name, 'camelCase', 'field', 'relation')
        check(field.inverse, 'camelCase', 'field', 'relation')
      }
    }
  }
  for (const scope of scopes) {
    check(scope.name, 'camelCase', 'name')
    for (const param of scope.params) check(param.name, 'camelCase', 'name')
  }
}

/** ASCII only: letters of other alphabets can look the same. */
const forms = {
  PascalCase: { pattern: /^[A-Z][A-Za-z0-9]*$/, example: 'TaskLabel' },
  camelCase: { pattern: /^[a-z][A-Za-z0-9]*$/, example: 'dueAt' },
  snake_case: { pattern: /^[a-z_][a-z0-9_]*$/, example: 'due_at' },
  claim: { pattern: /^[a-z][A-Za-z0-9_]*$/, example: 'sub' },
  label: { pattern: /^[A-Za-z][A-Za-z0-9_-]*$/, example: 'in-progress' },
} as const

const checkName = ({ text, at }: Word, form: keyof typeof forms, kinds: readonly Reserved[], report: Report): void => {
  const { pattern, example } = forms[form]
  const reason = kinds.map((kind) => reservedFor(kind, text)).find((each) => each !== null)
  if (reason !== undefined) report('SG202', at, `the name "${text}" ${reason}`, 'choose another name; column: and table: keep a name in SQL')
  else if (!pattern.test(text)) {
    const foreign = [...text].find((each) => each > '\u007f')
    const shape = form === 'label' ? 'letters a–z, digits, _ and -' : form === 'claim' ? 'letters a–z, digits and _' : `${form}, letters a–z and digits`
    const message = foreign === undefined
      ? `"${text}" is not a name here`
      : `"${text}" has U+${(foreign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}, which is not a letter of a–z`
    report('SG201', at, message, `write ${shape}, as in ${example}`)
  } else if (Buffer.byteLength(text) > maxNameBytes) {
    report('SG203', at, `"${text}" has ${Buffer.byteLength(text)} bytes, more than ${maxNameBytes}`, 'PostgreSQL would cut it off: choose a shorter name')
  }
}

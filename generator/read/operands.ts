import { comparable, typeNotation } from './field-types.js'
import type { Ground, Variable } from './ground.js'
import { readLiteral } from './literals.js'
import type { Field, FieldType, Operand } from '../model.js'
import type { Node } from './parse.js'
import { didYouMean } from './suggest.js'

interface Place {
  readonly field: Field
  /** What the operand must be; the field's type, or that of its elements. */
  readonly type: FieldType
  /** Equality and lists of values may ask for null. */
  readonly allowNull: boolean
}

/** `$auth.sub`, `$params.projectId` or a constant of the field's type (`$$x` is the text `$x`); null if it was reported. */
export const readOperand = (node: Node, place: Place, ground: Ground): Operand | null => {
  if (node.kind === 'scalar' && typeof node.value === 'string' && node.value.startsWith('$')) {
    if (!node.value.startsWith('$$')) return readVariable(node.value, node, place, ground)
    return readConstant({ ...node, value: node.value.slice(1) }, place, ground)
  }
  return readConstant(node, place, ground)
}

const readVariable = (text: string, node: Node, place: Place, ground: Ground): Operand | null => {
  const [, root = '', name = ''] = /^\$(auth|params)\.([A-Za-z_][A-Za-z0-9_]*)$/.exec(text) ?? []
  if (root === '') {
    if (time.test(text)) ground.report('SG406', node.at, `"${text}" would change with time alone`, constantHint)
    else ground.report('SG404', node.at, `"${text}" is neither a claim nor a parameter`, 'write $auth.name or $params.name; a text that begins with $ is written $$')
    return null
  }
  if (root === 'params' && ground.params === null) {
    ground.report('SG405', node.at, `"${text}" outside a scope`, 'only scopes have parameters; an access rule may refer to claims: $auth.name')
    return null
  }
  const variables: readonly Variable[] = root === 'auth' ? ground.claims : (ground.params ?? [])
  const variable = variables.find((each) => each.name === name)
  if (variable === undefined) {
    if (!ground.brokenVariables.has(text)) {
      const kind = root === 'auth' ? 'claim' : 'parameter'
      ground.report('SG404', node.at, `unknown ${kind} "${name}"`, didYouMean(name, variables.map((each) => each.name)))
    }
    return null
  }
  if (!comparable(place.type, variable.type)) {
    const message = `"${text}" is ${typeNotation(variable.type)}, "${place.field.name}" is compared with ${typeNotation(place.type)}`
    ground.report('SG403', node.at, message, `declare one of them as the other: ${name}: ${typeNotation(place.type)}`)
    return null
  }
  if (root === 'auth' && variable.nullable && place.field.nullable && place.allowNull) {
    const message = `a missing claim "${name}" would match rows without a "${place.field.name}"`
    ground.report('SG605', node.at, message, `make the claim or the field required`)
  }
  return root === 'auth' ? { kind: 'claim', name } : { kind: 'param', name }
}

const readConstant = (node: Node, place: Place, ground: Ground): Operand | null => {
  const { field, type } = place
  if (node.kind === 'scalar' && node.value === null) {
    if (place.allowNull && field.nullable) return { kind: 'literal', value: null }
    const message = place.allowNull ? `"${field.name}" is never null` : `"${field.name}" is compared with null`
    ground.report('SG403', node.at, message, place.allowNull ? 'leave the condition out, or make the field nullable with ?' : 'an order or text comparison with null never holds')
    return null
  }
  const literal = readLiteral(node, type, ground.enums)
  if ('value' in literal) return { kind: 'literal', value: literal.value }
  if (node.kind === 'scalar' && typeof node.value === 'string' && (type.kind === 'timestamp' || type.kind === 'date') && time.test(node.value)) {
    ground.report('SG406', node.at, `"${node.value}" would change with time alone`, constantHint)
  } else if (node.kind === 'map' && node.entries.some((each) => time.test(each.key))) {
    ground.report('SG406', node.at, 'this operand would change with time alone', constantHint)
  } else {
    ground.report('SG403', node.at, `this does not fit "${field.name}", ${typeNotation(field.type)}`, `write ${literal.expected}`)
  }
  return null
}

/** Why there is no now(): a row's place in a scope must change only when a row changes. */
export const constantHint =
  'rows enter and leave a scope only when rows change: compare with a constant, a claim or a parameter, or keep the state in a field'

/** Words by which people ask for the current time. */
const time = /^\$?(now|today|yesterday|tomorrow|current_?(date|time|timestamp)|localtime(stamp)?|clock_timestamp)\b|\bago$|^[+-]\d+ *[a-z]+$/i

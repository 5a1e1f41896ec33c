import type { DeclaredScope } from '../document.js'
import { partsOf } from '../logic.js'
import { modelOf, type Operand, type Predicate, type Schema, type Scope, type ScopeLine } from '../../model.js'
import type { Report, Spot } from '../../problem.js'
import type { Declarations } from '../validate.js'

/** Reports scopes that could show rows to the wrong people, and scopes that carry less than they seem to. */
export const checkScopes = ({ models, scopes }: Declarations, schema: Schema, report: Report): void => {
  for (const scope of schema.scopes) {
    const declared = scopes.get(scope.name)
    if (declared === undefined) continue
    for (const line of scope.lines) {
      const at = declared.lines.find((each) => each.model.text === line.model)?.model.at ?? declared.name.at
      const open = isSet(declared.public) || isSet(models.get(line.model)?.public ?? null)
      checkLine(line, scope, schema, open, at, report)
    }
    checkParams(scope, declared, report)
  }
}

const isSet = (flag: DeclaredScope['public']): boolean => flag?.value ?? false

const checkLine = (line: ScopeLine, scope: Scope, schema: Schema, open: boolean, at: Spot, report: Report): void => {
  const model = modelOf(schema, line.model)
  const { read } = model.access
  if (read.kind === 'never') {
    report('SG503', at, `nobody may read ${model.name}, so this line carries nothing`, `give ${model.name} a read rule, or remove the line`)
  } else if (!open && !mentions(read, 'claim')) {
    if (!mentions(line.where, 'claim')) {
      const message = `whoever opens "${scope.name}" gets these rows: neither the line nor the read rule of ${model.name} asks for a claim`
      report('SG502', at, message, 'compare a field with $auth.…, or say public: true on the scope or the model')
    } else if (widens(line.where, false)) {
      const message = `a parameter of "${scope.name}" widens this line: one alternative asks for it alone, and the read rule of ${model.name} for no claim`
      report('SG504', at, message, 'ask for the parameter and the claim in every alternative, or let the read rule ask for a claim')
    }
  }
  checkFarSides(line, schema, at, report)
}

/** Whether an operand of this kind stands anywhere in the predicate. */
const mentions = (predicate: Predicate, kind: Operand['kind']): boolean => {
  if (predicate.kind === 'compare') return predicate.value.kind === kind
  if (predicate.kind === 'in') return predicate.values.some((each) => each.kind === kind)
  return partsOf(predicate).some((each) => mentions(each, kind))
}

/** Whether some alternative is open to whoever chooses a parameter. Under `not`, conjunctions are the alternatives. */
const widens = (predicate: Predicate, negated: boolean): boolean => {
  if (predicate.kind === 'not') return widens(predicate.of, !negated)
  const alternatives = predicate.kind === (negated ? 'all' : 'any') ? partsOf(predicate) : []
  return alternatives.some((each) => mentions(each, 'param') && !mentions(each, 'claim')) || partsOf(predicate).some((each) => widens(each, negated))
}

/** Join rows are of no use to a client that holds only one of their ends. */
const checkFarSides = ({ model: name }: ScopeLine, schema: Schema, at: Spot, report: Report): void => {
  const model = modelOf(schema, name)
  if (!model.join) return
  const carried = new Set(schema.scopes.flatMap((each) => each.lines).map((each) => each.model))
  for (const { reference } of model.fields) {
    if (reference === null || carried.has(reference.model)) continue
    report('SG603', at, `rows of ${name} lead to ${reference.model}, which no scope carries`, `add a line for ${reference.model}, or the client cannot follow "${reference.relation}"`)
  }
}

const checkParams = (scope: Scope, declared: DeclaredScope, report: Report): void => {
  const used = new Set(scope.lines.flatMap((each) => paramsIn(each.where)))
  for (const { name } of declared.params) {
    if (used.has(name.text)) continue
    report('SG604', name.at, `no line of "${scope.name}" uses the parameter "${name.text}"`, `use $params.${name.text}, or remove it`)
  }
}

const paramsIn = (predicate: Predicate): readonly string[] => {
  const operands = predicate.kind === 'compare' ? [predicate.value] : predicate.kind === 'in' ? predicate.values : []
  return [...operands.flatMap((each) => (each.kind === 'param' ? [each.name] : [])), ...partsOf(predicate).flatMap(paramsIn)]
}

/** For templates/transition.ts.hbs: what leads from one version to the next. */
import type { Transition } from '../evolve/transition.js'
import type { JsonValue } from '../model.js'
import { type Code, code, ident, join, literal, margin, property } from './code.js'
import type { Imports } from './imports.js'

/** `from4f3a90c1` */
export const transitionName = ({ from }: Transition): Code => ident(`from${from.slice(0, 8)}`)

export const transitionView = (transition: Transition, imports: Imports) => {
  const view = {
    name: transitionName(transition),
    doc: 'What became of models, fields, values and scopes; what is not here is as it was.',
    type: imports.runtime('Transition'),
    // The cast is the boundary: a transition is plain data.
    value: spread(transition as unknown as JsonValue, 0, 5),
  }
  return { ...view, imports: imports.statements() }
}

/** A literal with the entries of its first levels on lines of their own. */
const spread = (value: JsonValue, indent: number, levels: number): Code => {
  const isBlock = typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
  if (levels === 0 || !isBlock) return literal(value)
  const lines = Object.entries(value).map(([key, each]) => code`${margin(indent + 2)}${property(key)}: ${spread(each as JsonValue, indent + 2, levels - 1)},\n`)
  return code`{\n${join(lines, '')}${margin(indent)}}`
}

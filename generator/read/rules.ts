import type { DeclaredAccess, DeclaredModel } from './document.js'
import { type Action, type Ground, shapeOf } from './ground.js'
import { always, never, partsOf } from './logic.js'
import type { Access, Predicate } from '../model.js'
import type { Node } from './parse.js'
import { compilePredicate } from './predicate.js'
import type { Spot } from '../problem.js'

/** Nodes of a predicate, its `$can` expanded, beyond which neither people nor a query planner can follow it. */
export const maxPredicateSize = 1000

/** The access rules of all models, each compiled once, when first asked for; keeps the chain of `$can` that is being followed. */
export class Rules {
  readonly #declared: ReadonlyMap<string, DeclaredModel>
  readonly #ground: Ground
  readonly #done = new Map<string, Predicate>()
  readonly #open: string[] = []

  /** `ground` without its rules: those are these. */
  constructor(declared: readonly DeclaredModel[], ground: Omit<Ground, 'ruleOf'>) {
    this.#declared = new Map(declared.map((each) => [each.name.text, each]))
    this.#ground = { ...ground, ruleOf: this.can }
  }

  /** The complete rules of a model; a missing one is `never`. */
  accessOf(model: string): Access {
    return {
      read: this.#rule(model, 'read'),
      create: this.#rule(model, 'create'),
      update: this.#rule(model, 'update'),
      delete: this.#rule(model, 'delete'),
    }
  }

  /** What `$can: action` on a row of `model` stands for. Circles, missing rules and rules that grow too large are reported. */
  readonly can = (model: string, action: Action, at: Spot): Predicate => {
    const { report } = this.#ground
    const key = `${model}.${action}`
    if (this.#open.includes(key)) {
      const circle = [...this.#open.slice(this.#open.indexOf(key)), key].join(' → ')
      report('SG407', at, `access rules in a circle: ${circle}`, 'write one of these rules out without $can')
      return always
    }
    const access = this.#declared.get(model)?.access
    if (access !== null && access !== undefined && ruleIn(access, action) === null) {
      report('SG408', at, `${model} has no rule "${action}", so this never holds`, `add one to the access of ${model}, or name another rule`)
      return always
    }
    const rule = this.#rule(model, action)
    if (sizeOf(rule) <= maxPredicateSize) return rule
    report('SG409', at, `the rule ${key} has more than ${maxPredicateSize} conditions once its $can are written out`, 'shorten the chain of $can, or keep its result in a field')
    return always
  }

  #rule(model: string, action: Action): Predicate {
    const key = `${model}.${action}`
    const known = this.#done.get(key)
    if (known !== undefined) return known
    const access = this.#declared.get(model)?.access
    const where = access === null || access === undefined ? null : ruleIn(access, action)
    this.#open.push(key)
    const rule = where === null ? never : compilePredicate(where, shapeOf(this.#ground, model), this.#ground)
    this.#open.pop()
    this.#done.set(key, rule)
    return rule
  }
}

/** Nodes of a predicate. Shared parts count each time: that is how often SQL will say them. */
export const sizeOf = (predicate: Predicate): number => {
  const known = sizes.get(predicate)
  if (known !== undefined) return known
  const size = partsOf(predicate).reduce((sum, part) => sum + sizeOf(part), 1)
  sizes.set(predicate, size)
  return size
}

const sizes = new WeakMap<Predicate, number>()

/** `write` stands for the three rules that are not written themselves. */
const ruleIn = (access: DeclaredAccess, action: Action): Node | null => {
  const named = (name: string): Node | null => access.rules.find((each) => each.action.text === name)?.where ?? null
  return named(action) ?? (action === 'read' ? null : named('write'))
}

import { isDeepStrictEqual } from 'node:util'
import type { Access, Predicate, Schema, Scope } from '../model.js'
import { scopeHash } from '../sql/index.js'
import type { RuleStep } from './steps.js'

/** What happened to identities, rules and scopes of schemas whose things have the same names. */
export const ruleSteps = (before: Schema, after: Schema): readonly RuleStep[] => [
  ...(before.name === after.name ? [] : [{ kind: 'app-renamed', from: before.name, to: after.name } as const]),
  ...claimSteps(before, after),
  ...after.models.flatMap((now): readonly RuleStep[] => {
    const was = before.models.find(({ name }) => name === now.name)
    const rules = was === undefined ? [] : changedRules(was.access, now.access)
    return rules.length === 0 ? [] : [{ kind: 'access-changed', model: now.name, rules }]
  }),
  ...scopeSteps(before, after),
]

const claimSteps = (before: Schema, after: Schema): readonly RuleStep[] => [
  ...after.claims.flatMap((now): readonly RuleStep[] => {
    const was = before.claims.find(({ name }) => name === now.name)
    if (was === undefined) return [{ kind: 'claim-added', claim: now }]
    return isDeepStrictEqual(was, now) ? [] : [{ kind: 'claim-changed', claim: now.name }]
  }),
  ...missing(before.claims, after.claims).map((claim): RuleStep => ({ kind: 'claim-dropped', claim })),
]

const scopeSteps = (before: Schema, after: Schema): readonly RuleStep[] => [
  ...after.scopes.flatMap((now): readonly RuleStep[] => {
    const was = before.scopes.find(({ name }) => name === now.name)
    if (was === undefined) return [{ kind: 'scope-added', scope: now }]
    return sameScope(was, now) && scopeHash(before, was) === scopeHash(after, now) ? [] : [{ kind: 'scope-changed', scope: now.name }]
  }),
  ...missing(before.scopes, after.scopes).map((scope): RuleStep => ({ kind: 'scope-dropped', scope })),
]

const changedRules = (was: Access, now: Access): readonly string[] =>
  (['read', 'create', 'update', 'delete'] as const).filter((rule) => !isDeepStrictEqual(nameless(was[rule]), nameless(now[rule])))

const sameScope = (was: Scope, now: Scope): boolean =>
  isDeepStrictEqual(was.params, now.params) && isDeepStrictEqual(was.lines.map(lineOf), now.lines.map(lineOf))

const lineOf = ({ model, where }: Scope['lines'][number]): object => ({ model, where: nameless(where) })

/** Without the names of relations: which field or model they follow says it all. */
const nameless = (predicate: Predicate): unknown =>
  JSON.parse(JSON.stringify(predicate, (key, value: unknown) => (key === 'relation' ? undefined : value))) as unknown

const missing = (before: readonly { readonly name: string }[], after: readonly { readonly name: string }[]): readonly string[] =>
  before.map(({ name }) => name).filter((name) => !after.some((each) => each.name === name))

import type { Enum, Schema } from '../model.js'
import { formerName } from './renames.js'
import type { EnumStep } from './steps.js'

/** What happened to enums and their values. */
export const enumSteps = (before: Schema, after: Schema): readonly EnumStep[] => [
  ...after.enums.flatMap((now): readonly EnumStep[] => {
    const was = before.enums.find(({ name }) => name === now.name)
    return was === undefined ? [{ kind: 'enum-added', enum: now }] : valueSteps(was, now)
  }),
  ...before.enums
    .filter(({ name }) => !after.enums.some((each) => each.name === name))
    .map((each): EnumStep => ({ kind: 'enum-dropped', enum: each })),
]

const valueSteps = (before: Enum, after: Enum): readonly EnumStep[] => {
  const former = new Map(after.values.map((value) => [value.name, formerName(value, before.values)]))
  const kept = new Set(former.values())
  return [
    ...[...former].flatMap(([value, from]): readonly EnumStep[] => {
      if (from === value) return []
      return from === null ? [{ kind: 'value-added', enum: after.name, value }] : [{ kind: 'value-renamed', enum: after.name, from, value }]
    }),
    ...before.values
      .filter(({ name }) => !kept.has(name))
      .map(({ name }): EnumStep => ({ kind: 'value-dropped', enum: after.name, value: name, to: after.dropped.find((each) => each.name === name)?.to ?? null })),
  ]
}

/**
 * Schemas to compare predicates over: the shape is always the same (a tree, rows with every type twice, two joins, one of them
 * of a model with itself), the types' parameters and which fields the other models have are random.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Schema } from '../../generator/model.js'
import { readSchema } from '../../generator/read/read-schema.js'
import type { Dice } from '../postgres/random.js'

/** The model that has every type, once nullable and once not. */
export const widest = 'Item'

export const randomSchema = async (dice: Dice): Promise<Schema> => {
  const folder = await mkdtemp(join(tmpdir(), 'syncgen-predicates-'))
  try {
    const file = join(folder, 'schema.yaml')
    await writeFile(file, JSON.stringify(randomDocument(dice)))
    const read = await readSchema([file])
    if (!read.ok) throw new Error(read.problems.map((problem) => problem.message).join('\n'))
    return read.schema
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** JSON, which YAML contains. Rules are replaced by random ones later; these are there because a model without is refused. */
const randomDocument = (dice: Dice): unknown => {
  const access = { read: { id: '$auth.sub' } }
  const types = drawnTypes(dice)
  return {
    syncgen: 1,
    name: 'predicates',
    claims: { sub: 'uuid' },
    enums: { State: dice.pick(labels), Tone: dice.pick(labels) },
    models: {
      Group: {
        fields: {
          parent: { ref: 'Group?', inverse: 'children', onDelete: 'setNull' },
          ...someOf(dice, types),
        },
        access,
      },
      [widest]: {
        fields: {
          group: { ref: 'Group?', inverse: 'items', onDelete: 'setNull' },
          home: { ref: 'Group', inverse: 'residents' },
          twin: { ref: 'Item?', inverse: 'twins', onDelete: 'setNull' },
          ...Object.fromEntries(
            types.flatMap(([name, type]) => [
              [name, type],
              [`maybe${name.slice(0, 1).toUpperCase()}${name.slice(1)}`, `${type}?`],
            ]),
          ),
        },
        access,
      },
      Note: {
        timestamps: false,
        fields: { item: { ref: 'Item', inverse: 'notes', onDelete: 'cascade' }, ...someOf(dice, types) },
        access,
      },
      Label: { fields: someOf(dice, types), access },
      ItemLabel: { join: { item: 'Item.labels', label: 'Label.items' }, access },
      Link: { join: { source: 'Item.targets', target: 'Item.sources' }, access },
      Wish: {
        join: { group: 'Group.wishes', label: 'Label.wishes' },
        fields: someOf(dice, types),
        access,
      },
    },
  }
}

type Named = readonly [name: string, type: string]

const drawnTypes = (dice: Dice): readonly Named[] => {
  const decimal = (most: number): string => {
    const precision = 1 + dice.below(most)
    return `decimal(${precision},${dice.below(Math.min(precision, 15) + 1)})`
  }
  return [
    ['string', 'string'],
    ['text', 'text'],
    ['int', 'int'],
    ['bigint', 'bigint'],
    ['float', 'float'],
    ['decimal', decimal(8)],
    ['longDecimal', decimal(38)],
    ['wholeDecimal', `decimal(${1 + dice.below(30)},0)`],
    ['boolean', 'boolean'],
    ['timestamp', 'timestamp'],
    ['date', 'date'],
    ['json', 'json'],
    ['uuid', 'uuid'],
    ['bytes', 'bytes'],
    ['state', 'State'],
    ['tags', 'string[]'],
    ['numbers', 'int[]'],
    ['tones', 'Tone[]'],
  ]
}

/** A few fields, null or not. */
const someOf = (dice: Dice, types: readonly Named[]): Record<string, string> => {
  const chosen = dice.some(types, 0.4)
  const fields = chosen.length === 0 ? types.slice(0, 3) : chosen
  return Object.fromEntries(fields.map(([name, type]) => [name, dice.chance(0.5) ? `${type}?` : type]))
}

/** In orders that are not those of their code points. */
const labels = [
  ['todo', 'doing', 'done'],
  ['b', 'a', 'c', 'A'],
  ['low', 'medium', 'high', 'highest', 'Low'],
  ['only'],
] as const

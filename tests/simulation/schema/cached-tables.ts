/** A client's cache as tables of wire values, so that a device's author of rows knows what its user sees, and no more. */
import type { Schema } from '../../../generator/model.js'
import { type SimClient, cacheOf } from './sim-schema.js'
import { travelling, wireOf } from './row-text.js'
import type { Tables } from './tables.js'

export const cachedTables = (ir: Schema, client: SimClient): Tables =>
  new Map(
    ir.models.map((model) => {
      const rows = cacheOf(client, model.plural).all()
      const valuesOf = (row: object): Readonly<Record<string, unknown>> => ({ ...row })
      return [
        model.name,
        new Map(
          rows.map((row) => {
            const values = valuesOf(row)
            return [row.id, { id: row.id, version: '', values: Object.fromEntries(travelling(model).map(({ name }) => [name, wireOf(values[name])])) }]
          }),
        ),
      ]
    }),
  )

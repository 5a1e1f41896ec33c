import type pg from 'pg'
import type { Schema } from '../../generator/model.js'

interface Logged {
  readonly seq: string
  readonly key: string
  readonly op: 'I' | 'U' | 'D'
  readonly version: string
  readonly fields: readonly string[]
  readonly before: Image
  readonly after: Image
}

type Image = Readonly<Record<string, unknown>> | null

/**
 * Replays the log of tables that were empty when it began: each change must start from the image that the one before it left, and the last
 * must leave what the table holds. `order`: how the changes of a key follow each other. Says where that fails.
 */
export const chainFaults = async (client: pg.Client, schema: Schema, order = `version, op = 'D'`): Promise<readonly string[]> => {
  const faults: string[] = []
  for (const model of schema.models) {
    const { rows } = await client.query<Logged>(
      `select seq, key, op, version, fields, before, after from syncgen.changes where model = $1 and op <> 'T' order by key, ${order}`,
      [model.name],
    )
    const { rows: current } = await client.query<{ id: string; version: string; image: Record<string, unknown> }>(
      `select id, version, to_jsonb(r) as image from "${model.table}" r`,
    )
    const now = new Map(current.map((row) => [row.id, row]))
    const image = new Map<string, Image>()
    const version = new Map<string, string>()
    for (const change of rows) {
      const at = `${model.name} ${change.key} ${change.op} ${change.version}`
      const before = image.get(change.key) ?? null
      if (change.op === 'I' && (before !== null || change.before !== null)) faults.push(`${at}: inserted twice`)
      if (change.op !== 'I' && !includes(change.before, before)) faults.push(`${at}: starts from ${json(change.before)}, not ${json(before)}`)
      const after = change.op === 'D' ? null : (change.after ?? change.before)
      if (change.op === 'U') {
        const moved = Object.keys(change.before ?? {}).filter((name) => json(change.before?.[name]) !== json(after?.[name]))
        if (moved.some((name) => !change.fields.includes(name))) faults.push(`${at}: fields [${change.fields.join()}] without ${moved.join()}`)
        if (change.after !== null && moved.length === 0) faults.push(`${at}: an after that is equal to before`)
      }
      image.set(change.key, after)
      version.set(change.key, change.version)
    }
    for (const [key, last] of image) {
      const row = now.get(key)
      if (last === null ? row !== undefined : !includes(row?.image ?? null, last)) faults.push(`${model.name} ${key}: the log ends with ${json(last)}, the table has ${json(row?.image ?? null)}`)
      else if (row !== undefined && row.version !== version.get(key)) faults.push(`${model.name} ${key}: version ${row.version}, logged ${version.get(key)}`)
    }
    for (const key of now.keys()) if (!image.has(key)) faults.push(`${model.name} ${key}: never logged`)
  }
  return faults
}

/** The whole row of a delete has more columns than the image before it. */
const includes = (larger: Image, smaller: Image): boolean =>
  larger === null || smaller === null ? larger === smaller : Object.keys(smaller).every((name) => json(larger[name]) === json(smaller[name]))

const json = (value: unknown): string => JSON.stringify(value)

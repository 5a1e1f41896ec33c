/** Migrations that were written on branches which met: what they have in common, and what has to follow. */
import type { LockedMigration } from '../lock.js'
import type { Decision } from './decisions.js'
import { type Step, subjectOf } from './steps.js'

/** Migrations that no other was written on top of: more than one where branches met. */
export const headsOf = (migrations: readonly LockedMigration[]): readonly string[] => {
  const below = new Set(migrations.flatMap(({ after }) => after))
  return migrations.map(({ name }) => name).filter((name) => !below.has(name)).toSorted()
}

/**
 * What the branches both touch. Databases apply them in whatever order they get them, so the result could differ from one to the next:
 * somebody has to look. What they do not have in common may be done in either order.
 */
export const overlaps = (migrations: readonly LockedMigration[]): readonly Decision[] => {
  const heads = headsOf(migrations)
  const branches = heads.map((head) => {
    const others = new Set(heads.filter((each) => each !== head).flatMap((each) => [...lineageOf(each, migrations)]))
    const own = [...lineageOf(head, migrations)].filter((name) => !others.has(name))
    return { head, touches: migrations.filter(({ name }) => own.includes(name)).flatMap(({ touches }) => touches) }
  })
  return branches.flatMap((one, at) =>
    branches.slice(at + 1).flatMap((other) =>
      one.touches.filter((subject) => other.touches.some((each) => isPart(subject, each) || isPart(each, subject))).map((subject) => ({
        message: `${one.head} and ${other.head} were written on two branches, and both touch ${subject}: what databases become depends on which comes first. Take one of them back, if no database has it, and generate again on top of the other.`,
        accept: `merge:${subject}`,
      })),
    ),
  )
}

/** What a step does to tables, by name, former names included. What only the generated code knows needs no order. */
export const touchedBy = (step: Step): readonly string[] => {
  switch (step.kind) {
    case 'model-renamed':
      return [step.from, step.model]
    case 'field-renamed':
      return [`${step.model}.${step.from}`, `${step.model}.${step.field}`]
    case 'value-renamed':
      return [`${step.enum}.${step.from}`, `${step.enum}.${step.value}`]
    case 'delete-conflict-changed':
    case 'enum-added':
    case 'enum-dropped':
    case 'server-only':
    case 'writing-changed':
    case 'conflict-changed':
    case 'access-changed':
    case 'scope-added':
    case 'scope-dropped':
    case 'scope-changed':
    case 'claim-added':
    case 'claim-dropped':
    case 'claim-changed':
    case 'app-renamed':
      return []
    case 'value-added':
    case 'value-dropped':
      // Each writes the whole list of values.
      return [step.enum]
    default:
      return [subjectOf(step)]
  }
}

const isPart = (subject: string, whole: string): boolean => subject === whole || subject.startsWith(`${whole}.`) || subject.startsWith(`${whole}(`)

const lineageOf = (name: string, migrations: readonly LockedMigration[]): ReadonlySet<string> => {
  const found = new Set<string>()
  const visit = (each: string): void => {
    if (found.has(each)) return
    found.add(each)
    migrations.find((migration) => migration.name === each)?.after.forEach(visit)
  }
  visit(name)
  return found
}

/** The server program of the README, as it stands, and what else an app may write. Compiled, never run. */
import { createServer as createHttpServer } from 'node:http'
import {
  type ProjectRecord,
  type TaskServerEvent,
  type TrackerServer,
  createTrackerServer,
} from '../../generated-example/server/index.js'

declare const verify: (token: string) => Promise<{ readonly sub: string; readonly admin?: boolean; readonly exp: number }>
declare const log: () => void
declare const audit: (event: TaskServerEvent) => void
declare const name: string
declare const email: string

const http = createHttpServer()

export const program = async (): Promise<void> => {
  const sync = await createTrackerServer({
    database: process.env.DATABASE_URL, origins: ['https://app.example'], log,
    authenticate: async ({ token }) => {
      const { sub, admin, exp } = await verify(token)
      return { principal: sub, claims: { sub, admin }, expiresAt: exp }
    },
    hooks: { tasks: { beforeWrite: ({ after, reject }) => { if (after?.title === '') reject('empty', ['title']) } } },
  })
  sync.on('tasks', audit)
  await sync.transaction((tx) => tx.users.create({ name, email }))
  sync.attach(http)
  process.once('SIGTERM', () => sync.close())
}

export const writes = (sync: TrackerServer): Promise<ProjectRecord> =>
  sync.transaction(async (tx) => {
    const owner = await tx.users.create({ name, email, passwordHash: 'scrypt:…' })
    const project = await tx.projects.create({ title: 'Launch', ownerId: owner.id, settings: { color: '#00ff00' } })
    await tx.members.create({ projectId: project.id, userId: owner.id, role: 'owner' })
    await tx.users.update(owner.id, { passwordHash: null })
    const [row] = await tx.sql('select count(*) as tasks from tasks where project_id = $1', [project.id])
    void row?.['tasks']
    return project
  })

export const events = (sync: TrackerServer): void => {
  sync.on('change', (event) => {
    if (event.model === 'User' && event.kind !== 'deleted') void event.row.passwordHash?.length
    if (event.model === 'Task' && event.kind === 'updated') void [event.fields.includes('state'), event.row.dueAt?.getTime()]
  })
}

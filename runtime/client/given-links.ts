/**
 * Links of this client that gave way to stored ones, while something is pending on them: the server said once which row stands for
 * which, to this client id, and what waits behind the create must reach that row also after a restart, and under another id.
 */
import type { MergedLink, Mutation, Op } from '../protocol/messages.js'

type Work = Pick<Mutation, 'ops'>

/** These and those that an outcome adds; of one link, the last answer holds. */
export const withLinks = (known: readonly MergedLink[], added: readonly MergedLink[]): readonly MergedLink[] => [
  ...known.filter((each) => !added.some(({ model, id }) => model === each.model && id === each.id)),
  ...added,
]

/** Those that something pending still names. */
export const neededLinks = (links: readonly MergedLink[], pending: readonly Work[]): readonly MergedLink[] =>
  links.filter(({ model, id }) => pending.some(({ ops }) => ops.some((op) => op.model === model && op.id === id)))

/**
 * The ops of each transaction, in order, meant for the rows that stand: for a server that does not know the client by its former
 * id. What follows a create of the same key is about that one: the server judges it anew.
 */
export const followingLinks = (links: readonly MergedLink[], pending: readonly Work[]): readonly (readonly Op[])[] => {
  const left = new Map(links.map(({ model, id, into }) => [`${model} ${id}`, into]))
  return pending.map(({ ops }) =>
    ops.map((op) => {
      const key = `${op.model} ${op.id}`
      if (op.op === 'create') left.delete(key)
      const into = left.get(key)
      return into === undefined ? op : { ...op, id: into }
    }),
  )
}

/** Who a client is to the database: its row in syncgen.clients, which outlives every connection. */
import type { Uuid } from '../protocol/descriptor.js'
import type { Hello } from '../protocol/messages.js'
import type { Database } from './transaction.js'

/** What the database says to a client's greeting. */
export type Greeting =
  | { readonly kind: 'known'; readonly epoch: string; readonly lastSeq: number; readonly lastRun: string | null; readonly now: number; readonly forked: boolean }
  /** Another principal's. */
  | { readonly kind: 'taken' }

/**
 * Makes the client known, and this connection its one. The nonce is compared and set: of two devices with one client id
 * (a restored backup, a copied profile) only the one that was here last may go on.
 */
export const greet = (database: Database, client: Uuid, principal: string, session: Hello['session']): Promise<Greeting> =>
  database.write(async (connection) => {
    await connection.rows(register, [client, principal])
    const [row] = await connection.rows(read, [client])
    const [owner, lastSeq, accepted, epoch, now, lastRun] = row ?? []
    if (owner !== principal) return { kind: 'taken' }
    const forked = accepted !== null && accepted !== session.last && accepted !== session.next
    if (!forked) await connection.rows(accept, [client, session.next])
    return { kind: 'known', epoch: String(epoch), lastSeq: Number(lastSeq), lastRun: lastRun === null ? null : String(lastRun), now: Number(now), forked }
  })

/** Locks the row, and says that the client was seen. What is read of it and of its outcomes follows in a statement of its own: one that waits sees of other tables what was before. */
const register = `insert into syncgen.clients (id, principal) values ($1::uuid, $2)
on conflict (id) do update set seen_at = clock_timestamp() where clients.principal = excluded.principal`

const read = `select c.principal, c.last_seq, c.session, syncgen.epoch(), (extract(epoch from clock_timestamp()) * 1000)::bigint,
  (select o.outcome ->> 'run' from syncgen.outcomes o where o.client = c.id and o.seq = c.last_seq)
from syncgen.clients c where c.id = $1::uuid`

const accept = `update syncgen.clients set session = $2 where id = $1::uuid`

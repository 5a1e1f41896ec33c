import type { IncomingHttpHeaders } from 'node:http'
import type { Log } from '../protocol/ports.js'
import type { Limits } from './limits.js'
import type { ServerPorts } from './platform.js'
import type { DatabaseOptions } from './transaction.js'

/** How a server is made. */
export interface ServerOptions<Claims, Hooks> {
  /** URL or settings of the PostgreSQL primary. Undefined, as an unset `process.env.DATABASE_URL` is, is refused at start. */
  readonly database: DatabaseOptions | undefined
  /**
   * Origins (`https://app.example`) that browsers may connect from; clients that send none are let through. `*`: any, and
   * cookies are not shown to `authenticate`.
   */
  readonly origins: readonly string[] | '*'
  /** Verifies a token; what it throws refuses the client with `unauthenticated`. */
  readonly authenticate: (request: AuthenticationRequest) => Identity<Claims> | Promise<Identity<Claims>>
  readonly hooks?: Hooks
  readonly log?: Log
  readonly ports?: Partial<ServerPorts>
  readonly limits?: Partial<Limits>
  /** How often to look for writes of others, ms; 30 unless given. */
  readonly pollInterval?: number
  /** How long a device may stay away and still catch up from the log, ms; 90 days unless given. */
  readonly horizon?: number
}

/** What a client presents. */
export interface AuthenticationRequest {
  readonly token: string
  /** Of the request that opened the socket; without `cookie` if `origins` is `*`. */
  readonly headers: IncomingHttpHeaders
}

/** Who a token stands for. */
export interface Identity<Claims> {
  /** Stable name of the user; a device's storage is bound to it. */
  readonly principal: string
  readonly claims: Claims
  /** Seconds since 1970, as in a JWT: the connection ends then, unless a fresh token came. */
  readonly expiresAt?: number
}

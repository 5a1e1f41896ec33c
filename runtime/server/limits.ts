/** What one client may ask of a server. Beyond: `refused limit-exceeded`. */
export interface Limits {
  /** Scopes open on one connection. */
  readonly scopes: number
  /** Bytes of one frame from a client. */
  readonly frameBytes: number
  /** Bytes of frames from one client whose handling has not ended. */
  readonly unansweredBytes: number
  /** Frames from a client, per second; ten times as many at once. */
  readonly framesPerSecond: number
  /** Mutations in one `push`, and ops in all of them together. */
  readonly mutationsPerPush: number
  readonly opsPerPush: number
  /** A mutation that the database or a hook's network fails on, for a reason that may pass, is tried for so long, ms; then it is rejected. */
  readonly doubtFor: number
  /** Time for a `beforeWrite` hook, ms: it holds a connection to the database. */
  readonly hookWithin: number
  /** Keys that a client may say it holds, over all scopes of an attempt. */
  readonly heldRows: number
  /** One in so many reconnections is checked: the client compares what it holds with what the database has. `Infinity`: none. */
  readonly checkOneIn: number
  /** Connections of one principal on one node. */
  readonly connectionsPerPrincipal: number
  /** Bytes waiting for a slow reader before nothing more is queued for it. */
  readonly bufferedBytes: number
  /** Time from opening the socket to a verified identity, ms. */
  readonly helloWithin: number
  /** Time for what is under way to finish when the server closes, ms; then its database connections are cut. */
  readonly drainWithin: number
  /** Each side sends at least one frame in this time, ms. */
  readonly heartbeat: number
  /** Attempts that read the database at the same time on one node; the others wait in line. */
  readonly attemptsAtOnce: number
  /** What one attempt reads in one transaction: ms and bytes. Then it goes on in a new one. */
  readonly readMilliseconds: number
  readonly readBytes: number
  /** A `page` frame closes at whichever comes first. */
  readonly pageRows: number
  readonly pageBytes: number
}

export const defaultLimits: Limits = {
  scopes: 64,
  frameBytes: 1024 * 1024,
  unansweredBytes: 8 * 1024 * 1024,
  framesPerSecond: 100,
  mutationsPerPush: 1000,
  opsPerPush: 1000,
  doubtFor: 300_000,
  hookWithin: 10_000,
  heldRows: 1_000_000,
  checkOneIn: 50,
  connectionsPerPrincipal: 100,
  bufferedBytes: 4 * 1024 * 1024,
  helloWithin: 5000,
  drainWithin: 5000,
  heartbeat: 15_000,
  attemptsAtOnce: 4,
  readMilliseconds: 2000,
  readBytes: 8 * 1024 * 1024,
  pageRows: 1000,
  pageBytes: 512 * 1024,
}

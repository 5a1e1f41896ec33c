/**
 * A position: the state of the database that a reader saw, `<epoch>-<migrated>/<pg_snapshot>`. The snapshot has PostgreSQL's text
 * form `xmin:xmax:xip,xip…` (documentation, "Transaction ID and Snapshot Information Functions"). Clients store positions and
 * send them back; only servers read them, but for `migrated`.
 */
export interface Position {
  readonly epoch: string
  /** Which migrations the database had: 8 hex digits. They decide nothing between positions. */
  readonly migrated: string
  readonly xmin: bigint
  readonly xmax: bigint
  /** Transactions in progress when the snapshot was taken, ascending, each ≥ xmin and < xmax. */
  readonly inProgress: readonly bigint[]
}

/** Positions longer than this are refused: `diff` serves their sender. */
export const longestPosition = 8192

const form = /^([0-9a-f]{32})-([0-9a-f]{8})\/([1-9]\d{0,18}):([1-9]\d{0,18}):((?:[1-9]\d{0,18}(?:,[1-9]\d{0,18})*)?)$/

/** Strict: undefined for everything that PostgreSQL would not have written itself. */
export const parsePosition = (text: string): Position | undefined => {
  if (text.length > longestPosition) return undefined
  const match = form.exec(text)
  if (match === null) return undefined
  const [, epoch, migrated, low, high, list] = match
  if (epoch === undefined || migrated === undefined || low === undefined || high === undefined || list === undefined) return undefined
  const position = {
    epoch,
    migrated,
    xmin: BigInt(low),
    xmax: BigInt(high),
    inProgress: list === '' ? [] : list.split(',').map(BigInt),
  }
  return isWellFormed(position) ? position : undefined
}

export const formatPosition = (position: Position): string => `${position.epoch}-${position.migrated}/${formatSnapshot(position)}`

export const formatSnapshot = ({ xmin, xmax, inProgress }: Omit<Position, 'epoch' | 'migrated'>): string =>
  `${xmin}:${xmax}:${inProgress.join(',')}`

/** Whether everything that `earlier` saw is seen by `later`, too. Both of one epoch. */
export const includes = (later: Position, earlier: Position): boolean =>
  later.epoch === earlier.epoch && later.xmax >= earlier.xmax && later.inProgress.every((xid) => !sees(earlier, xid))

/** Whether a transaction had ended when this snapshot was taken. */
export const sees = (position: Position, xid: bigint): boolean =>
  xid < position.xmin || (xid < position.xmax && !position.inProgress.includes(xid))

const largest = 2n ** 63n - 1n

const isWellFormed = ({ xmin, xmax, inProgress }: Position): boolean =>
  xmin <= xmax &&
  xmax <= largest &&
  inProgress.every((xid, at) => xid >= xmin && xid < xmax && (at === 0 || xid > (inProgress[at - 1] ?? 0n)))

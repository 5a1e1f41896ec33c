/**
 * What the simulation counts when it brings a hazard about: names of its tally. They come from what happened in the world (faults,
 * statements of others, frames that arrived, outcomes), never from calls inside the runtime.
 */
export interface Probe {
  readonly name: string
  /** When it fires. */
  readonly says: string
  /** Entries of the tally that it adds up; one that ends with `*` stands for all that begin so. */
  readonly of: readonly string[]
}

export const probes: readonly Probe[] = [
  { name: 'wrong-clock', says: 'an edit arrives from the future, or of long ago', of: ['frame: edit from the future', 'frame: edit of long ago'] },
  { name: 'clock-set', says: 'the clock of a device is set, by up to two hours', of: ['fault: clock jump'] },
  { name: 'cut-in-an-attempt', says: 'a connection is cut or goes dead under a frame', of: ['connection cut', 'half-open', 'one-way', 'fault: all connections cut'] },
  { name: 'crash', says: 'a device dies in the middle of what it stores, or loses power', of: ['fault: device crash', 'fault: power loss'] },
  { name: 'late-commit', says: 'a transaction that was running at a position ends after a later one', of: ['frame: transaction ended behind the position'] },
  { name: 'open-writer', says: 'a position names transactions that are still running', of: ['frame: position with running transactions'] },
  { name: 'lock-wait', says: 'a statement waits for the lock of another session', of: ['waited for a lock'] },
  { name: 'deadlock', says: 'a statement fails with a deadlock or a serialization failure', of: ['SQLSTATE 40P01', 'SQLSTATE 40001'] },
  { name: 'unknown-commit', says: 'a commit happens and its answer is lost', of: ['killed after commit'] },
  { name: 'lost-backend', says: 'a session of the database is ended', of: ['killed before commit', 'fault: backend killed'] },
  { name: 'lost-acknowledgement', says: 'the answer to a push is lost', of: ['acknowledgement lost'] },
  { name: 'resent', says: 'a mutation is sent again under its number', of: ['frame: mutation sent again'] },
  { name: 'queue', says: 'several mutations go out in one push', of: ['frame: several mutations in one push'] },
  { name: 'atomic-write', says: 'a local transaction of several ops is pushed', of: ['frame: transaction of several ops'] },
  { name: 'edit-of-deleted', says: 'an edit of a deleted row is rejected', of: ['frame: rejected deleted'] },
  { name: 'conflict', says: 'fields of a mutation lose, or it is rejected for a conflict', of: ['frame: merged', 'frame: rejected conflict', 'frame: rejected edited'] },
  { name: 'unique', says: 'a unique value is taken already', of: ['frame: rejected unique'] },
  { name: 'reference', says: 'a reference leads nowhere any more, or holds a row back', of: ['frame: rejected reference'] },
  { name: 'refused-value', says: 'a check refuses what a client sent', of: ['frame: rejected check', 'frame: rejected invalid'] },
  { name: 'forbidden', says: 'a mutation is rejected for want of a right', of: ['frame: rejected forbidden'] },
  { name: 'hostile-value', says: 'a value that no column can hold is refused at the call', of: ['refused by the client'] },
  { name: 'row-leaves', says: 'a row leaves a scope', of: ['frame: row left its scope', 'frame: row left one of its scopes'] },
  { name: 'row-of-two-scopes', says: 'a row leaves one of the scopes that claim it', of: ['frame: row left one of its scopes'] },
  { name: 'old-row-enters', says: 'a row enters a scope without a change of its own', of: ['frame: row entered unchanged'] },
  { name: 'row-deleted', says: 'a deletion reaches a device', of: ['frame: row deleted'] },
  { name: 'right-to-a-scope-ends', says: 'a line of a scope begins anew, because a right or a table came or went', of: ['frame: scope reset'] },
  { name: 'scope-later', says: 'a scope is opened on a live connection', of: ['frame: scope opened on a live connection'] },
  { name: 'asked', says: 'a device is asked what it holds', of: ['frame: asked what it holds'] },
  { name: 'keys-held', says: 'a device says keys, or digests, of what it holds', of: ['frame: held keys', 'frame: held digests'] },
  { name: 'nothing-to-show', says: 'a mutation is confirmed by a batch without rows', of: ['frame: write that no scope shows'] },
  { name: 'another-client', says: 'a device goes on under another client id', of: ['frame: another client id'] },
  { name: 'fork', says: 'two devices say one client id', of: ['frame: forked'] },
  { name: 'restored', says: 'a device comes back to another history of the database', of: ['frame: another epoch'] },
  { name: 'eviction', says: 'a device loses its storage', of: ['fault: eviction'] },
  { name: 'storage-lost', says: 'storage loses its connection', of: ['fault: storage connection lost'] },
  { name: 'quota', says: 'storage has no room', of: ['fault: no room'] },
  { name: 'several-pages', says: 'an attempt has several pages', of: ['frame: attempt of several pages'] },
  { name: 'large-change', says: 'a change is too large for one frame', of: ['frame: change too large for a frame'] },
  { name: 'foreign-delete', says: 'another program deletes rows', of: ['sql delete', 'sql bulk-delete'] },
  { name: 'foreign-write', says: 'another program inserts or updates', of: ['sql insert', 'sql update', 'sql bulk-update', 'sql upsert'] },
  { name: 'foreign-key', says: 'another program changes a key', of: ['sql key-update'] },
  { name: 'truncate', says: 'another program truncates a table', of: ['sql truncate*'] },
  { name: 'slow-reader', says: 'a device reads more slowly than it is written to', of: ['slow reader'] },
  { name: 'several-nodes', says: 'a node does not hear that another wrote', of: ['notification lost'] },
  { name: 'silence', says: 'a connection goes dead without anybody being told', of: ['half-open', 'one-way'] },
  { name: 'restart', says: 'a node dies, or ends in order', of: ['fault: node crash', 'fault: node restart'] },
  { name: 'storm', says: 'all connections end at once', of: ['fault: all connections cut'] },
  { name: 'sleep', says: 'a device sleeps', of: ['fault: sleep'] },
  { name: 'purge', says: 'the log is purged', of: ['fault: purge'] },
]

/** How often a probe fired. */
export const firings = ({ of }: Probe, tally: Readonly<Record<string, number>>): number =>
  Object.entries(tally).reduce((sum, [what, times]) => (of.some((name) => matches(name, what)) ? sum + times : sum), 0)

const matches = (name: string, what: string): boolean => (name.endsWith('*') ? what.startsWith(name.slice(0, -1)) : name === what)

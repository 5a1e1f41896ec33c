/** Names that a schema cannot use, and why. */

/** Words that cannot name a parameter or constant in strict TypeScript (ECMA-262, 12.7.2 and strict mode). */
const typescriptWords = words(`
  arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for
  function if implements import in instanceof interface let new null package private protected public return static super switch this
  throw true try typeof undefined var void while with yield NaN Infinity`)

/** Members that every object has, and `then`, which would make a row look like a promise. */
const objectMembers = words(`
  constructor hasOwnProperty isPrototypeOf propertyIsEnumerable prototype toLocaleString toString valueOf toJSON then`)

/** Words of predicates. */
const predicateWords = words('any all none every some')

const implicitFields = words('id createdAt updatedAt')

/** Members of `ModelCache`: relations are methods beside them. */
const cacheMembers = words('get all size query count sum min max groupBy create restore update delete on db sorted unique parts store table')

/** Members of `SyncClient` and of both sides' transactions, and the events of `db.on`: caches are named beside them. */
const clientMembers = words(`
  on status transaction scopes openScope pending position renew close signOut goOffline goOnline store sql get principal open client
  db change rejected differed check parts schema attach exportPending importPending`)

/** Types and values of JavaScript that generated code says. */
const globals = words(`
  Array BigInt Boolean Buffer Date Error Function JSON Map Math Number Object Omit Partial Pick Promise Proxy Readonly Record RegExp Set
  String Symbol Uint8Array Awaited NonNullable`)

export type Reserved = 'field' | 'relation' | 'cache' | 'type' | 'name'

/** Why `name` cannot be a field, a relation, the name of a cache, a type (model or enum) or another name; null if it can. */
export const reservedFor = (kind: Reserved, name: string): string | null => {
  if (typescriptWords.has(name)) return 'is a word of TypeScript'
  if (objectMembers.has(name)) return 'is a member of every object'
  switch (kind) {
    case 'field':
      if (implicitFields.has(name)) return 'is a field that every model has'
      return predicateWords.has(name) ? 'is a word of predicates' : null
    case 'relation':
      if (predicateWords.has(name)) return 'is a word of predicates'
      if (cacheMembers.has(name)) return 'is a member of every cache'
      return /^(of|by)[A-Z]/.test(name) || /[a-z0-9]Of[A-Z]/.test(name) ? 'is of the form of an index reader' : null
    case 'cache':
      return clientMembers.has(name) ? 'is a member of every client' : null
    case 'type':
      return globals.has(name) ? 'is a type of JavaScript' : null
    case 'name':
      return null
  }
}

/** Columns that PostgreSQL or the generator adds to a table itself. */
export const reservedColumns: ReadonlySet<string> = words('version tableoid xmin cmin xmax cmax ctid')

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/))
}

/** A schema for what the tracker has not: none, every, NOT, nested OR, self-references, nullable parameters, every kind of comparison. */
import type { FieldType, Predicate, Schema } from '../../generator/model.js'
import type { Bound } from './oracle.js'
import type { Dice } from './random.js'
import { key, words } from './world.js'
import { all, always, among, any, compare, eq, every, field, lit, model, never, none, not, one, param, ref, schema, scope, some, sub, claim } from './ir.js'

const textList: FieldType = { kind: 'list', of: { kind: 'string' } }
const state: FieldType = { kind: 'enum', enum: 'State' }

const params = [
  { name: 'shelf', type: { kind: 'uuid' }, nullable: true },
  { name: 'person', type: { kind: 'uuid' }, nullable: false },
  { name: 'level', type: { kind: 'int' }, nullable: true },
  { name: 'word', type: { kind: 'string', max: null, pattern: null }, nullable: true },
  { name: 'at', type: { kind: 'timestamp' }, nullable: false },
  { name: 'day', type: { kind: 'date' }, nullable: false },
  { name: 'fee', type: { kind: 'decimal', precision: 6, scale: 2 }, nullable: false },
] as const

const readShelf: Predicate = any(eq('secret', lit(false)), eq('ownerId', sub), some('Shelf', 'parentId', eq('ownerId', sub)))

/** Every line in a scope of its own, so that each model can have several. */
export const library: Schema = schema(
  [
    model('Person', [field('name', 'string'), ref('boss', 'Person', { nullable: true, onDelete: 'setNull' }), field('level', 'int'), field('tags', textList), field('admin', 'boolean', { nullable: true })], { table: 'people' }),
    model(
      'Shelf',
      [ref('owner', 'Person', { onDelete: 'cascade' }), ref('parent', 'Shelf', { nullable: true, onDelete: 'cascade' }), field('secret', 'boolean'), field('opensAt', 'timestamp', { nullable: true }), field('fee', { kind: 'decimal', precision: 6, scale: 2 }, { nullable: true })],
      { access: { read: readShelf }, table: 'shelves' },
    ),
    model(
      'Book',
      [
        ref('shelf', 'Shelf', { nullable: true, onDelete: 'setNull' }),
        ref('author', 'Person', { nullable: true, onDelete: 'setNull' }),
        ref('editor', 'Person', { nullable: true, onDelete: 'setNull' }),
        field('title', 'string'),
        field('state', state),
        field('tags', textList, { nullable: true }),
        field('pages', 'int', { nullable: true }),
        field('out', 'date', { nullable: true }),
      ],
      { access: { read: any(eq('authorId', sub), not(one('shelf', 'Shelf', not(readShelf)))) } },
    ),
    model('Loan', [ref('book', 'Book'), ref('person', 'Person'), field('open', 'boolean')], { access: { read: any(eq('personId', sub), one('book', 'Book', eq('authorId', sub)), eq('open', lit(true))) }, timestamps: false, capture: 'row' }),
  ],
  Object.entries<Record<string, Predicate>>({
    unlent: { Book: none('Loan', 'bookId', eq('open', lit(true))) },
    lentToLevel: { Book: every('Loan', 'bookId', one('person', 'Person', compare('level', 'gte', param('level')))) },
    mine: { Book: any(one('author', 'Person', eq('bossId', sub)), one('shelf', 'Shelf', eq('ownerId', sub)), one('editor', 'Person', eq('id', sub))) },
    open: { Book: not(one('shelf', 'Shelf', eq('secret', lit(true)))) },
    underling: { Person: one('boss', 'Person', one('boss', 'Person', eq('id', sub))) },
    bosses: { Person: some('Person', 'bossId', some('Person', 'bossId', any(eq('name', param('word')), eq('id', param('person'))))) },
    prefix: { Shelf: some('Shelf', 'parentId', some('Book', 'shelfId', compare('title', 'startsWith', param('word')))) },
    tagged: { Book: all(compare('tags', 'contains', param('word')), among('pages', [lit(1), lit(2), lit(null), param('level')])) },
    notTagged: { Book: all(not(compare('tags', 'contains', lit('a'))), among('pages', [lit(1), param('level')], true), not(compare('title', 'contains', lit('a')))) },
    onShelf: { Book: all(eq('shelfId', param('shelf')), any(one('shelf', 'Shelf', eq('ownerId', sub)), one('shelf', 'Shelf', not(some('Book', 'shelfId', eq('state', lit('old'))))))) },
    gateInOr: { Book: any(eq('authorId', sub), all(eq('shelfId', param('shelf')), one('shelf', 'Shelf', one('owner', 'Person', compare('level', 'gt', lit(1)))))) },
    notAdmin: { Loan: all(eq('personId', param('person')), not(one('person', 'Person', eq('admin', lit(true)))), one('book', 'Book', one('shelf', 'Shelf', one('parent', 'Shelf', not(eq('ownerId', param('person'))))))) },
    noBooks: { Shelf: all(none('Book', 'shelfId', none('Loan', 'bookId', always)), none('Shelf', 'parentId', any(eq('secret', lit(true)), eq('ownerId', sub)))) },
    due: { Shelf: all(compare('opensAt', 'lt', param('at')), not(compare('fee', 'gte', param('fee')))) },
    dated: { Book: any(compare('out', 'gt', param('day')), all(eq('out', lit(null)), eq('pages', param('level'))), compare('title', 'lt', lit('b'))) },
    owner: { Shelf: all(eq('id', param('shelf')), one('owner', 'Person', some('Loan', 'personId', one('book', 'Book', eq('shelfId', param('shelf')))))) },
    twoGates: { Book: all(eq('shelfId', param('shelf')), eq('authorId', param('person')), one('shelf', 'Shelf', one('owner', 'Person', compare('level', 'lt', lit(3)))), one('author', 'Person', none('Person', 'bossId', eq('admin', claim('admin'))))) },
    everything: { Loan: always, Person: always, Book: always },
    nothing: { Loan: never },
  }).map(([name, lines]) => scope(name, lines, params)),
  {
    claims: [
      { name: 'sub', type: { kind: 'uuid' }, nullable: false },
      { name: 'admin', type: { kind: 'boolean' }, nullable: true },
    ],
    enums: [{ name: 'State', values: ['new', 'used', 'old'].map((name) => ({ name, was: null })), dropped: [], doc: null }],
  },
)

/** What its scopes take. */
export const libraryParams = params

/** An identity and parameters of whatever scope. */
export const libraryBound = (dice: Dice): Bound => ({
  claims: { sub: key(library, 'Person', dice.below(4)), admin: dice.pick([true, false, null]) },
  params: {
    shelf: dice.chance(0.2) ? null : key(library, 'Shelf', dice.below(4)),
    person: key(library, 'Person', dice.below(4)),
    level: dice.pick([0, 1, 2, null]),
    word: dice.pick([...words, null]),
    at: '2026-01-03T00:00:00.000Z',
    day: '2026-01-02',
    fee: '1.00',
  },
})

/** A small schema for tests of the client: what a generator would emit, written by hand with a generic codec. */
import type { BaseRow, FieldDescriptor, ModelDescriptor, RelationDescriptor, SchemaDescriptor } from '../../runtime/protocol/index.js'
import { fromWire, toWire } from '../../runtime/protocol/index.js'
import type { ClientParts, Many, One, OpenOptions, Writer } from '../../runtime/client/index.js'
import { ModelCache, SyncClient, openClient } from '../../runtime/client/index.js'

export interface Board extends BaseRow {
  readonly title: string
}

export interface Card extends BaseRow {
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly boardId: string
  readonly title: string
  readonly note: string | null
  readonly votes: number
  readonly size: string | null
  readonly tags: readonly string[]
}

export interface Label extends BaseRow {
  readonly name: string
}

export interface CardLabel extends BaseRow {
  readonly cardId: string
  readonly labelId: string
}

export interface BoardModel {
  readonly name: 'Board'
  readonly row: Board
  readonly create: { readonly id?: string; readonly title: string }
  readonly patch: { readonly title?: string }
  readonly relations: { readonly cards: Many<CardModel> }
}

export interface CardModel {
  readonly name: 'Card'
  readonly row: Card
  readonly create: {
    readonly id?: string
    readonly boardId: string
    readonly title: string
    readonly note?: string | null
    readonly votes?: number
    readonly size?: string | null
    readonly tags?: readonly string[]
  }
  readonly patch: {
    readonly title?: string
    readonly note?: string | null
    readonly votes?: { readonly add: number }
    readonly size?: string | null
    readonly tags?: readonly string[]
  }
  readonly relations: { readonly board: One<BoardModel>; readonly labels: Many<LabelModel>; readonly cardLabels: Many<CardLabelModel> }
}

export interface LabelModel {
  readonly name: 'Label'
  readonly row: Label
  readonly create: { readonly id?: string; readonly name: string }
  readonly patch: { readonly name?: string }
  readonly relations: { readonly cards: Many<CardModel> }
}

export interface CardLabelModel {
  readonly name: 'CardLabel'
  readonly row: CardLabel
  readonly create: { readonly id?: string; readonly cardId: string; readonly labelId: string }
  readonly patch: object
  readonly relations: { readonly card: One<CardModel>; readonly label: One<LabelModel> }
}

type Fields = Readonly<Record<string, FieldDescriptor>>

const descriptor = <Row extends BaseRow>(
  name: string,
  plural: string,
  fields: Fields,
  relations: Readonly<Record<string, RelationDescriptor>>,
  timestamps = false,
  deleteConflict: ModelDescriptor['deleteConflict'] = 'delete-wins',
): ModelDescriptor<Row> => {
  const entries = Object.entries(fields)
  return {
    name,
    plural,
    fields,
    relations,
    timestamps,
    deleteConflict,
    decode: (wire) => Object.fromEntries(entries.map(([field, type], at) => [field, fromWire(type, wire[at] ?? null)])) as unknown as Row,
    encode: (row) => entries.map(([field, type]) => toWire(type, (row as unknown as Record<string, unknown>)[field], field)),
  }
}

const id: FieldDescriptor = { type: 'uuid', immutable: true }

export const boardDescriptor = descriptor<Board>(
  'Board',
  'boards',
  { id, title: { type: 'string', max: 20 } },
  { cards: { kind: 'many', model: 'Card', field: 'boardId' } },
)

export const cardDescriptor = descriptor<Card>(
  'Card',
  'cards',
  {
    id,
    createdAt: { type: 'timestamp', readonly: true },
    updatedAt: { type: 'timestamp', readonly: true },
    boardId: { type: 'uuid', immutable: true },
    title: { type: 'string', max: 20 },
    note: { type: 'text', nullable: true },
    votes: { type: 'int', default: 0, conflict: 'counter' },
    size: { type: 'decimal', precision: 6, scale: 2, nullable: true },
    tags: { type: 'list', of: 'string', default: [] },
  },
  {
    board: { kind: 'one', model: 'Board', field: 'boardId' },
    cardLabels: { kind: 'many', model: 'CardLabel', field: 'cardId' },
    labels: { kind: 'through', model: 'Label', join: 'CardLabel', near: 'cardId', far: 'labelId' },
  },
  true,
)

export const labelDescriptor = descriptor<Label>(
  'Label',
  'labels',
  { id, name: { type: 'string' } },
  { cards: { kind: 'through', model: 'Card', join: 'CardLabel', near: 'labelId', far: 'cardId' } },
  false,
  'edit-wins',
)

export const cardLabelDescriptor = descriptor<CardLabel>(
  'CardLabel',
  'cardLabels',
  { id, cardId: { type: 'uuid', immutable: true }, labelId: { type: 'uuid', immutable: true } },
  { card: { kind: 'one', model: 'Card', field: 'cardId' }, label: { kind: 'one', model: 'Label', field: 'labelId' } },
)

export const schema: SchemaDescriptor = {
  name: 'trial',
  hash: 'a'.repeat(64),
  migrations: '0000000a',
  models: { Board: boardDescriptor, Card: cardDescriptor, Label: labelDescriptor, CardLabel: cardLabelDescriptor },
  scopes: {
    home: { name: 'home', params: {}, models: ['Board', 'Label'] },
    board: { name: 'board', params: { boardId: { type: 'uuid' } }, models: ['Board', 'Card', 'CardLabel', 'Label'] },
  },
}

export interface TrialModels {
  readonly boards: BoardModel
  readonly cards: CardModel
  readonly labels: LabelModel
  readonly cardLabels: CardLabelModel
}

export interface TrialTransaction {
  readonly boards: Writer<BoardModel>
  readonly cards: Writer<CardModel>
  readonly labels: Writer<LabelModel>
  readonly cardLabels: Writer<CardLabelModel>
}

export class CardCache extends ModelCache<CardModel, Trial> {
  readonly #byBoard = this.sorted('boardId', (left, right) => left.votes - right.votes)
  readonly #byTitle = this.unique('boardId', 'title')

  ofBoard(boardId: string): readonly Card[] {
    return this.#byBoard.get(boardId)
  }

  byBoardAndTitle(boardId: string, title: string): Card | undefined {
    return this.#byTitle.get(boardId, title)
  }

  board(card: Card): Board | undefined {
    return this.db.boards.get(card.boardId)
  }
}

export class Trial extends SyncClient<TrialModels, TrialTransaction> {
  readonly boards = new ModelCache<BoardModel, Trial>(this.store, this, boardDescriptor)
  readonly cards = new CardCache(this.store, this, cardDescriptor)
  readonly labels = new ModelCache<LabelModel, Trial>(this.store, this, labelDescriptor)
  readonly cardLabels = new ModelCache<CardLabelModel, Trial>(this.store, this, cardLabelDescriptor)

  constructor(parts: ClientParts) {
    super(parts)
  }
}

export const openTrial = (options: OpenOptions, as: SchemaDescriptor = schema): Promise<Trial> => openClient(Trial, as, options)

import { describe, expectTypeOf, it } from 'vitest'
import type { Board, BoardModel, Card, CardLabel, CardModel, Label, Trial, TrialModels } from '../../tests/client/schema.js'
import type { CacheEvent, ClientEvents } from './events.js'
import type { Query } from './live-query.js'
import type { Include, Included, OrderBy, Where, Writer, Written } from './query-types.js'

/** Checked by tsc; nothing runs. */
const db = (): Trial => {
  throw new Error('for types only')
}

describe('types of queries', () => {
  it('[C32] a row has what it includes, nested, and no more', () => {
    expectTypeOf<Included<CardModel, object>>().toEqualTypeOf<Card>()
    expectTypeOf(() => db().cards.query().rows).returns.toEqualTypeOf<readonly Card[]>()
    const included = () => db().cards.query({ include: { board: { include: { cards: true } }, labels: true } })
    expectTypeOf(included).returns.toExtend<Query<Card>>()
    type Row = ReturnType<typeof included>['rows'][number]
    expectTypeOf<Row['labels']>().toEqualTypeOf<readonly Label[]>()
    expectTypeOf<NonNullable<Row['board']>['cards']>().toEqualTypeOf<readonly Card[]>()
    expectTypeOf<undefined>().toExtend<Row['board']>()
    expectTypeOf<Row>().not.toHaveProperty('cardLabels')
    expectTypeOf<Included<CardModel, { readonly cardLabels: true }>['cardLabels']>().toEqualTypeOf<readonly CardLabel[]>()
  })

  it('[C32] where, order and include know the model', () => {
    expectTypeOf<{ readonly note: null; readonly votes: { readonly gt: 1; readonly lt: 5 }; readonly board: { readonly title: 'x' } }>().toExtend<Where<CardModel>>()
    expectTypeOf<{ readonly labels: { readonly none: { readonly name: { readonly startsWith: 'x' } } } }>().toExtend<Where<CardModel>>()
    expectTypeOf<{ readonly any: readonly [{ readonly title: 'x' }, { readonly tags: { readonly contains: 'y' } }] }>().toExtend<Where<CardModel>>()
    expectTypeOf<{ readonly votes: 'many' }>().not.toExtend<Where<CardModel>>()
    expectTypeOf<{ readonly votes: { readonly startsWith: 'x' } }>().not.toExtend<Where<CardModel>>()
    expectTypeOf<{ readonly board: { readonly none: object } }>().not.toExtend<Where<CardModel>>()
    expectTypeOf<{ readonly title: 'up' }>().not.toExtend<OrderBy<CardModel>>()
    expectTypeOf<{ readonly labels: false }>().not.toExtend<Include<CardModel>>()
    // @ts-expect-error no such field
    const unknown = (): unknown => db().cards.query({ where: { nope: 1 } })
    // @ts-expect-error no such relation
    const stranger = (): unknown => db().cards.query({ include: { nope: true } })
    expectTypeOf(unknown).toBeFunction()
    expectTypeOf(stranger).toBeFunction()
  })

  it('[C4] writes take what their model says', () => {
    expectTypeOf<Writer<CardModel>['create']>().returns.toEqualTypeOf<Card>()
    expectTypeOf(() => db().boards.create({ title: 'x' })).returns.toEqualTypeOf<Written<Board>>()
    // @ts-expect-error title is missing
    const missing = (): unknown => db().boards.create({})
    // @ts-expect-error a counter takes an amount
    const plain = (): unknown => db().cards.update('id', { votes: 3 })
    // @ts-expect-error immutable
    const moved = (): unknown => db().cards.update('id', { boardId: 'x' })
    for (const wrong of [missing, plain, moved]) expectTypeOf(wrong).toBeFunction()
  })

  it('[C1] events are told apart by their kind and model', () => {
    expectTypeOf<Extract<CacheEvent<CardModel>, { readonly kind: 'changed' }>['before']>().toEqualTypeOf<Card>()
    expectTypeOf<Extract<CacheEvent<CardModel>, { readonly kind: 'left-scope' }>['reason']>().toEqualTypeOf<'out' | 'closed' | 'unclaimed'>()
    expectTypeOf<ClientEvents<TrialModels>['boards']>().toEqualTypeOf<CacheEvent<BoardModel>>()
    const row = (event: ClientEvents<TrialModels>['change']): Card | undefined => (event.model === 'Card' && event.kind === 'added' ? event.after : undefined)
    expectTypeOf(row).returns.toEqualTypeOf<Card | undefined>()
    expectTypeOf<ReturnType<Trial['cards']['groupBy']>>().toExtend<ReadonlyMap<unknown, readonly Card[]>>()
    expectTypeOf(() => db().cards.sum('votes')).returns.toEqualTypeOf<number>()
  })
})

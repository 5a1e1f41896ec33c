/** The page of an app whose schema changes: `?url=…&principal=…&token=…`. What the versions have in common is here. */
import type { Observable, OpenOptions, Status } from 'syncgen/client'
import { show, type Shown } from './show.js'

interface Card {
  readonly id: string
  readonly title: string
}

/** A generated client of any version. */
export interface CardsClient {
  readonly status: Observable<Status>
  readonly tasks: {
    all(): readonly Card[]
    create(values: object): { readonly row: Card; readonly durable: Promise<void> }
    update(id: string, values: object): { readonly durable: Promise<void> }
    delete(id: string): { readonly durable: Promise<void> }
    query(what: object): Shown['titles']
  }
  pending(): readonly unknown[]
  rejected(): readonly unknown[]
}

declare global {
  interface Window {
    cards: CardsClient
  }
}

/** @param valuesOf - what a version says of a new task with this title */
export const showCards = (open: (options: OpenOptions) => Promise<CardsClient>, valuesOf: (title: string) => object): void => {
  const { searchParams } = new URL(location.href)
  const given = (name: string): string => searchParams.get(name) ?? ''
  void show(async () => {
    const client = await open({ url: given('url'), principal: given('principal'), token: given('token') })
    const { status, tasks } = client
    window.cards = client
    window.rows = () => ({ tasks: tasks.all().map(textOf).toSorted() })
    window.write = async (title) => {
      const made = tasks.create({ ownerId: given('principal'), title, ...valuesOf(title) })
      await made.durable
      await window.acknowledged(made.row.id)
    }
    return { status, titles: tasks.query({ orderBy: { title: 'asc' } }) }
  })
}

/** Times apart, in the order of the names. */
const textOf = (row: object): string => JSON.stringify(row, Object.keys(row).filter((name) => !name.endsWith('At')).toSorted())

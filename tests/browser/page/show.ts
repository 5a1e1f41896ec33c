import { type Observable, type Status, SyncError } from 'syncgen/client'

/** What a page shows. */
export interface Shown {
  readonly status: Observable<Status>
  readonly titles: { subscribe(listener: (rows: readonly { readonly title: string }[]) => void): () => void }
}

/** Shows it in `<output>`, as attributes that a test can wait for, and in `<ol>`; or why it could not be opened. */
export const show = async (open: () => Promise<Shown>): Promise<void> => {
  const output = document.querySelector('output') as HTMLElement
  const list = document.querySelector('ol') as HTMLElement
  try {
    const { status, titles } = await open()
    status.subscribe(({ connection, pending, error }) => Object.assign(output.dataset, { connection, pending, error: error?.code ?? '' }))
    titles.subscribe((rows) => list.replaceChildren(...rows.map(({ title }) => listed(title))))
  } catch (error) {
    if (!(error instanceof SyncError)) throw error
    Object.assign(output.dataset, { connection: 'closed', error: error.code })
    output.textContent = error.message
  }
}

const listed = (title: string): HTMLElement => {
  const item = document.createElement('li')
  item.textContent = title
  return item
}

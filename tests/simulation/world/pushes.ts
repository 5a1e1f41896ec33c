/** What went over the wire: the ops of each mutation that a device sent, and the outcome that it was told. */
import type { ClientMessage, Mutation, Outcome, ServerMessage } from '../../../runtime/protocol/messages.js'
import { madeIn } from './ledger.js'

/** One mutation as it was sent. A copied device may send another under the same number. */
export interface Pushed {
  readonly device: string
  readonly client: string
  readonly mutation: Mutation
  /** What a device heard of it, null until one did. */
  outcome: Outcome | null
}

export class Pushes {
  readonly #client = new Map<string, string>()
  readonly #byNumber = new Map<string, Pushed[]>()
  readonly #told: Pushed[] = []

  /** A frame arrives. */
  see(from: string, to: string, message: ClientMessage | ServerMessage): void {
    if (message.kind === 'hello') this.#client.set(from, message.client)
    else if (message.kind === 'push') for (const mutation of message.mutations) this.#sent(from, mutation)
    else if (message.kind === 'pushed') for (const { seq, outcome } of message.results) this.#heard(to, seq, outcome)
  }

  /** Everything that was sent under a number. */
  of(client: string, seq: number): readonly Pushed[] {
    return this.#byNumber.get(`${client}/${seq}`) ?? []
  }

  /** Those whose outcome a device was told, in the order of the telling. */
  get told(): readonly Pushed[] {
    return this.#told
  }

  /** Everything that was sent. */
  get sent(): readonly Pushed[] {
    return [...this.#byNumber.values()].flat()
  }

  /** A row, and the links to which it gave way one after the other, as devices were told. */
  readonly linksOf = (id: string): readonly string[] => {
    const standing = [id]
    for (const { outcome } of this.#told) {
      const into = outcome?.kind === 'merged' ? outcome.links?.find((link) => link.id === standing.at(-1))?.into : undefined
      if (into !== undefined) standing.push(into)
    }
    return standing
  }

  /** Whether a text was sent by a mutation that was not refused, as far as devices were told: a copied device may have been first. */
  tookPerhaps(text: string): boolean {
    const whole = new RegExp(`${text}(?!\\d)`)
    return this.sent.some(({ mutation, outcome }) => outcome?.kind !== 'rejected' && whole.test(JSON.stringify(mutation.ops)))
  }

  /** Whether a device was told that a mutation with this text was not refused. */
  isTold(text: string): boolean {
    const whole = new RegExp(`${text}(?!\\d)`)
    return this.#told.some(({ mutation, outcome }) => outcome?.kind !== 'rejected' && whole.test(JSON.stringify(mutation.ops)))
  }

  #sent(device: string, mutation: Mutation): void {
    const client = this.#client.get(device) ?? ''
    const key = `${client}/${mutation.seq}`
    const known = this.#byNumber.get(key) ?? []
    const said = (each: Mutation): string => JSON.stringify([madeIn(each), each.schema, each.ops])
    if (!known.some((each) => each.device === device && said(each.mutation) === said(mutation))) known.push({ device, client, mutation, outcome: null })
    this.#byNumber.set(key, known)
  }

  #heard(device: string, seq: number, outcome: Outcome): void {
    const pushed = this.of(this.#client.get(device) ?? '', seq).findLast((each) => each.device === device)
    if (pushed === undefined || pushed.outcome !== null) return
    pushed.outcome = outcome
    this.#told.push(pushed)
  }
}

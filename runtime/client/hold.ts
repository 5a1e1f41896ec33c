/** What this device holds, for a server that cannot use a position. */
import { Digests, partOf, partsOf } from '../protocol/digest.js'
import { type HeldKey, writeKeys } from '../protocol/held-keys.js'
import type { Hold, Wanted, WantedLine } from '../protocol/messages.js'
import type { Base } from './base.js'

/** The answer to a question; there is always a last frame, if an empty one. */
export const holdFrames = (base: Base, { attempt, lines }: Wanted): readonly Hold[] => {
  const frames = lines.flatMap((line) =>
    answersTo(base, line).map((answer): Hold => ({ kind: 'hold', attempt, ...answer, last: false })),
  )
  const [{ scope, model } = { scope: 0, model: base.models[0] ?? '' }] = lines
  const last = frames.at(-1) ?? { kind: 'hold', attempt, scope, model, form: 'keys', bytes: '', last: true }
  return [...frames.slice(0, -1), { ...last, last: true }]
}

type Answer = Pick<Hold, 'scope' | 'model' | 'form' | 'bytes'>

const answersTo = (base: Base, line: WantedLine): readonly Answer[] => {
  const { scope, model } = line
  const digests = (each: Digests): readonly Answer[] => [{ scope, model, form: 'digests', bytes: each.toText() }]
  switch (line.want) {
    case 'summary':
      return base.keysOf(scope).of(model).size > mostKeysAtOnce ? digests(base.digestsOf(scope, model)) : listed(base, line, null)
    case 'parts':
      return digests(digestsOfParts(base, line, line.buckets.flatMap(partsOf)))
    case 'keys':
      return listed(base, line, line.parts)
    default:
      return line satisfies never
  }
}

const digestsOfParts = (base: Base, { scope, model }: WantedLine, parts: readonly number[]): Digests => {
  const places = new Map(parts.map((part, place) => [part, place]))
  const digests = new Digests(parts.length)
  for (const [id, version] of base.heldBy(scope, model)) {
    const place = places.get(partOf(id))
    if (place !== undefined) digests.add(place, id, version)
  }
  return digests
}

const listed = (base: Base, { scope, model }: WantedLine, parts: readonly number[] | null): readonly Answer[] => {
  const among = parts === null ? null : new Set(parts)
  const keys: HeldKey[] = []
  for (const key of base.heldBy(scope, model)) if (among === null || among.has(partOf(key[0]))) keys.push(key)
  const answers: Answer[] = []
  for (let at = 0; at < keys.length; at += keysOfFrame) {
    answers.push({ scope, model, form: 'keys', bytes: writeKeys(keys.slice(at, at + keysOfFrame)) })
  }
  return answers
}

/** So many keys are as long as the digests of all buckets and of one bucket's parts. */
const mostKeysAtOnce = 90

const keysOfFrame = 5_000

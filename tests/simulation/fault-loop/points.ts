/** Every point of the script at which one thing can fail, in an order in which any beginning is spread over all of them. */
import type { Dice } from '../../postgres/random.js'
import { type Fault, type FaultPlace, faultKinds } from './fault.js'

/** `counts`: of the run without a fault. A run with one may have more chances than that; those are of the recovery. */
export const allPoints = (counts: Readonly<Record<FaultPlace, number>>): readonly Fault[] =>
  (Object.keys(faultKinds) as FaultPlace[]).flatMap((place) =>
    faultKinds[place].flatMap((kind) => Array.from({ length: counts[place] }, (_, at): Fault => ({ place, kind, at: at + 1 }))),
  )

/** Every point once, the ways in turn: so many seeds as there are ways, and each point has failed in every way. */
export const pointsInTurn = (counts: Readonly<Record<FaultPlace, number>>, seed: number): readonly Fault[] =>
  (Object.keys(faultKinds) as FaultPlace[]).flatMap((place) => {
    const kinds: readonly string[] = faultKinds[place]
    return Array.from({ length: counts[place] }, (_, at): Fault => ({ place, kind: kinds[(at + seed) % kinds.length] ?? '', at: at + 1 }))
  })

/** A few of each kind, spread over the run: one in each of as many equal parts. */
export const samplePoints = (counts: Readonly<Record<FaultPlace, number>>, perKind: number, dice: Dice): readonly Fault[] =>
  (Object.keys(faultKinds) as FaultPlace[]).flatMap((place) =>
    faultKinds[place].flatMap((kind) => {
      const part = counts[place] / perKind
      return Array.from({ length: perKind }, (_, n): Fault => ({ place, kind, at: 1 + Math.floor((n + dice.next()) * part) }))
    }),
  )

/** The same points, shuffled. */
export const spread = (points: readonly Fault[], dice: Dice): readonly Fault[] =>
  points.map((point) => ({ point, place: dice.next() })).toSorted((a, b) => a.place - b.place).map(({ point }) => point)

export const textOf = ({ place, kind, at }: Fault): string => `${place} '${kind}' ${at}`

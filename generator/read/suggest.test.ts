import { expect, it } from 'vitest'
import { didYouMean, suggest } from './suggest.js'

it.for([
  ['strng', 'string'],
  ['strnig', 'string'],
  ['Boolean', 'boolean'],
  ['dat', 'date'],
  ['colour', null],
  ['x', null],
] as const)('%s was meant to be %s', ([word, meant]) => {
  expect(suggest(word, ['string', 'boolean', 'date', 'timestamp'])).toBe(meant)
})

it('names what there is when nothing is near', () => {
  expect(didYouMean('x', ['one', 'two', 'three'])).toBe('it can be one, two or three')
  expect(didYouMean('x', ['one'])).toBe('there is only "one"')
  expect(didYouMean('x', [])).toBe('there is none')
  expect(didYouMean('x', Array.from({ length: 40 }, (_, at) => `name${at}`))).toContain('25 more')
})

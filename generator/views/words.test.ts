import { describe, expect, it } from 'vitest'
import { aWord, listed, sentence, words } from './words.js'

describe('words', () => {
  it.each([
    ['TaskLabel', 'task label'],
    ['dueAt', 'due at'],
    ['URLEntry', 'URL entry'],
    ['task_label', 'task label'],
  ])('%s reads %s', (name, text) => {
    expect(words(name)).toBe(text)
  })

  it.each([
    ['Task', 'a task'],
    ['InvoiceLine', 'an invoice line'],
    ['User', 'a user'],
    ['Unit', 'a unit'],
    ['Hour', 'an hour'],
    ['House', 'a house'],
  ])('%s takes %s', (name, text) => {
    expect(aWord(name)).toBe(text)
  })

  it('lists', () => {
    expect([listed([]), listed(['a']), listed(['a', 'dueAt']), listed(['a', 'b', 'c'])]).toEqual(['', 'a', 'a and dueAt', 'a, b and c'])
    expect([sentence('task labels'), sentence('')]).toEqual(['Task labels', ''])
  })
})

import { describe, expect, it } from 'vitest'
import { patternFault } from './pattern.js'

describe('a pattern', () => {
  it.for([
    ['^#[0-9a-f]{6}$', null],
    ['^[A-Z]', null],
    ['^[^@]+@[^@]+\\.[a-z]+$', 254],
    ['^(?:ab|cd)*$', null],
    ['^(a|b)+(-[0-9]{2})?$', 1000],
    ['^\\+?[0-9]{6,14}$', null],
    ["^['\"`$;*/\\\\-]+$", null],
    ['^[\\]\\[^-]$', null],
    ['x|y', null],
    ['^😀{2}$', null],
    ['[^\\n\\r\\t]', null],
  ] as const)('[Y10] %s of at most %s characters is accepted', ([pattern, max]) => {
    expect(patternFault(pattern, max)).toBeNull()
  })

  it.for([
    '.', 'a.b', '\\d', '\\w+', '\\s', '\\bx', '\\u0041', '\\x41', '\\p{L}', '\\1', '(a)\\1', '(?=a)', '(?!a)', '(?<=a)b', '(?<!a)b', '(?<n>a)', '(?i)a',
    'a*?', 'a+?', 'a??', 'a{2}?', 'a**', 'a++', 'a{1,2}{3}', '*a', '+', '?', '{2}', 'a{,2}', 'a{2,1}', 'a{256}', 'a{1,256}', 'a{', 'a}', ']',
    '[', '[]', '[^]', '[z-a]', '[[:alpha:]]', '[[.a.]]', '[a', '(', ')', '(a', 'a)', '()', 'a|', '|a', '(a|)', '^*', '$+', '\\', 'a\\',
    '(a+)+', '(a*)*', '(a?)*', '(a{1,3})+', '((a+)b)*', '(a|a)*', '(a|ab)*', '([a-z]|[x-z0-9])+', '(^a)*', '***:a', '(?:a|b+)*',
    'a'.repeat(501),
  ])('[Y10] %s is refused', (pattern) => {
    expect(patternFault(pattern, 10)).toEqual({ message: expect.stringMatching(/./), hint: expect.stringMatching(/./) })
  })

  it.for([
    ['^[a-z]+@[a-z]+$', null, 'max of at most 10000'],
    ['^[a-z]+@[a-z]+$', 10_001, 'max of at most 10000'],
    ['[a-z]+', null, 'begin the pattern with ^'],
    ['^(a|ab)(a|ab)(a|ab)(a|ab)(a|ab)(a|ab)(a|ab)x*$', null, 'max of at most'],
    [`^${'a?'.repeat(30)}$`, 40, 'fewer quantifiers'],
  ] as const)('[Y10] %s of at most %s characters is too slow', ([pattern, max, hint]) => {
    expect(patternFault(pattern, max)).toEqual({ message: 'a pattern that could take long on a long text', hint: expect.stringContaining(hint) })
  })

  it('[Y10] answers the worst text of the longest length', { timeout: 30_000 }, () => {
    for (const [pattern, max, text] of [
      ['^[^@]+@[^@]+$', 10_000, '@'.repeat(10_000)],
      ['^[a-z]+$', null, `${'a'.repeat(2 ** 20 - 1)}!`],
      ['[a-z]+!', 10_000, 'a'.repeat(10_000)],
      ['^[a-z]*[a-z]*[a-z]*$', 464, `${'a'.repeat(463)}!`],
    ] as const) {
      expect(patternFault(pattern, max)).toBeNull()
      expect(new RegExp(pattern, 'u').test(text)).toBe(false)
    }
  })
})

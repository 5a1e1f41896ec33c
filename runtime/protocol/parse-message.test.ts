import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { SyncError } from './errors.js'
import { parseClientMessage } from './parse-client-message.js'
import { parseServerMessage } from './parse-server-message.js'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Path = readonly (string | number)[]
interface Side {
  readonly parse: (frame: string) => unknown
  readonly kinds: readonly string[]
  readonly examples: readonly Json[]
}

const page = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8')
const examplesOf = (side: string): readonly Json[] =>
  [...page.matchAll(/^```json (\w+)\n(.*)\n```$/gm)]
    .filter(([, from]) => from === side)
    .map(([, , frame = '']) => JSON.parse(frame) as Json)

const sides: Readonly<Record<'client' | 'server', Side>> = {
  client: {
    parse: parseClientMessage,
    kinds: ['authenticate', 'close', 'hello', 'hold', 'ping', 'push', 'sync'],
    examples: examplesOf('client'),
  },
  server: {
    parse: parseServerMessage,
    kinds: ['authenticated', 'changed', 'closing', 'page', 'pong', 'pushed', 'refused', 'synced', 'wanted', 'welcome'],
    examples: examplesOf('server'),
  },
}

/** Keys that may be missing, and places where any JSON may stand. */
const optional = /(^|\.)(retryAfter|lastRun|reset|attempt|gap|check|digests)$|^mutations\.\d+\.ops\.\d+\.(seen|restore)$/
const open = /(^|\.)(params|values|\d+\.seen)\.\w+$|\.set\.\w+\.(seen|value|(add|remove)\.\d+)$|\.rows\.\w+\.\d+\.([2-9]|\d\d+)$/
const freeKeys = /(^|\.)(params|values|set|rows|\d+\.seen)$/

describe.each(Object.entries(sides))('frames of the %s', (side, { parse, kinds, examples }) => {
  it('[W9] docs/protocol.md has an example of every kind, and each is read as it stands', () => {
    expect([...new Set(examples.map((example) => (example as { kind: string }).kind))].sort()).toEqual(kinds)
    for (const example of examples) expect(plain(parse(JSON.stringify(example)))).toEqual(example)
  })

  it('[W9] nothing may be missing', () => {
    for (const [example, path] of places(examples)) {
      const key = path.at(-1)
      if (typeof key !== 'string' || freeKeys.test(path.slice(0, -1).join('.')) || isOptional(example, path)) continue
      expectRefused(parse, withValue(example, path, undefined))
    }
  })

  it('[W9] nothing may be of another type', () => {
    for (const [example, path] of places(examples)) {
      if (open.test(path.join('.'))) continue
      for (const wrong of [null, true, false, -1, 1.5, 1e300, 'x\0', '', [], [[]], {}, { x: 1 }]) {
        if (fitsToo(path, at(example, path), wrong)) continue
        expectRefused(parse, withValue(example, path, wrong as Json))
      }
    }
  })

  it(`[W10] keys that are not known are ${side === 'client' ? 'refused' : 'left behind'}, a key __proto__ does nothing`, () => {
    for (const [example, path] of places(examples).filter(
      ([each, where]) => isObject(at(each, where)) && !open.test(where.join('.')),
    )) {
      if (freeKeys.test(path.join('.'))) continue
      for (const key of ['extra', 'constructor', '__proto__']) {
        const frame = JSON.stringify(withValue(example, path, JSON.parse(`{"${key}":{"isAdmin":true}}`) as Json, true))
        if (side === 'client') expectRefused(parse, frame)
        else expect(plain(parse(frame))).toEqual(example)
      }
    }
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined()
  })

  it('[W10] where names are free, what comes out has no prototype, and __proto__ is refused', () => {
    for (const [example, path] of places(examples).filter(
      ([each, where]) => freeKeys.test(where.join('.')) && isObject(at(each, where)),
    )) {
      const record = at(parse(JSON.stringify(example)) as Json, path)
      expect(Object.getPrototypeOf(record)).toBeNull()
      expectRefused(parse, JSON.stringify(withValue(example, path, JSON.parse('{"__proto__":[]}') as Json, true)))
    }
  })

  it(
    '[W11] hostile frames: each is read or refused as malformed, and no refusal repeats what was sent',
    { timeout: 120_000 },
    () => {
      const seed = 20_260_805
      const draw = drawFrom(seed)
      let refused = 0
      for (let round = 0; round < 10_000; round += 1) {
        const frame = hostile(draw, examples)
        try {
          parse(frame)
        } catch (error) {
          refused += 1
          const hint = `seed ${seed} round ${round}`
          expect(error, hint).toBeInstanceOf(SyncError)
          expect((error as SyncError).code, hint).toBe('malformed-frame')
          expect(`${(error as SyncError).message} ${JSON.stringify((error as SyncError).details)}`, hint).not.toContain('canary')
          expect((error as SyncError).cause, hint).toBeUndefined()
        }
      }
      expect(refused).toBeGreaterThan(8000)
      expect(refused).toBeLessThan(10_000)
    },
  )
})

describe('hostile sizes', () => {
  it('[W11] depth is bounded before anything recurses, and brackets inside strings are not depth', () => {
    const deep = (levels: number): string => `{"kind":"push","mutations":[],"x":${'['.repeat(levels)}${']'.repeat(levels)}}`
    for (const levels of [1001, 10_000, 200_000]) expect(() => parseClientMessage(deep(levels))).toThrow('at most 1000 levels')
    for (const token of ['['.repeat(5000), '\\"['.repeat(2000), '\\\\']) {
      const frame = `{"kind":"authenticate","token":"${token}"}`
      expect(parseClientMessage(frame)).toEqual(JSON.parse(frame))
    }
  })

  it('[W11] a mebibyte of digits, of backslashes, of brackets, of an open string', () => {
    for (const part of ['9', '\\', '[', '{"a":', '"', '"\\'])
      expectRefused(parseClientMessage, part.repeat(2 ** 20 / part.length))
    expectRefused(parseClientMessage, `{"kind":"ping","at":${'9'.repeat(2 ** 20)}}`)
    expectRefused(parseClientMessage, `{"kind":"${'ping'.repeat(2 ** 18)}","at":1}`)
  })

  it('[W11] a refusal says where', () => {
    const refusal = (frame: string): string => {
      try {
        parseClientMessage(frame)
      } catch (error) {
        return (error as SyncError).message
      }
      return 'read'
    }
    expect(refusal('[]')).toBe('frame must be an object (docs/protocol.md)')
    expect(refusal('{"kind":"close","scope":"1"}')).toBe('scope must be a whole number from 0 (docs/protocol.md)')
    expect(
      refusal(
        '{"kind":"push","mutations":[{"seq":1,"run":"r","schema":"s","at":1,"strict":false,"ops":[{"op":"delete","model":"T","id":"x"}]}]}',
      ),
    ).toBe('mutations[0].ops[0].id must be a uuid in lower case (docs/protocol.md)')
  })
})

const expectRefused = (parse: (frame: string) => unknown, frame: string | Json): void => {
  const text = typeof frame === 'string' ? frame : JSON.stringify(frame)
  expect(() => parse(text), text.slice(0, 1000)).toThrow(expect.objectContaining({ code: 'malformed-frame' }) as Error)
}

/** Prototypes gone, as JSON would have it. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Every example with every place in it, the root not counted. */
const places = (examples: readonly Json[]): readonly (readonly [Json, Path])[] => {
  const inside = (value: Json): readonly Path[] =>
    typeof value === 'object' && value !== null
      ? [
          [],
          ...Object.entries(value).flatMap(([key, inner]) =>
            inside(inner).map((path) => [Array.isArray(value) ? Number(key) : key, ...path]),
          ),
        ]
      : [[]]
  return examples.flatMap((example) => inside(example).map((path) => [example, path] as const))
}

const at = (value: Json, path: Path): Json =>
  path.reduce<Json>((inner, key) => (inner as Record<string | number, Json>)[key] as Json, value)

/** A copy with another value at a place; undefined takes it away; with `merge`, keys are added to what is there. */
const withValue = (example: Json, path: Path, value: Json | undefined, merge = false): Json => {
  const copy = { root: structuredClone(example) }
  const full: Path = ['root', ...path]
  const parent = at(copy, full.slice(0, -1)) as Record<string | number, Json>
  const key = full.at(-1) as string
  if (value === undefined) delete parent[key]
  else
    parent[key] = merge
      ? (JSON.parse(
          `${JSON.stringify(parent[key]).slice(0, -1)}${isEmpty(parent[key]) ? '' : ','}${JSON.stringify(value).slice(1)}`,
        ) as Json)
      : value
  return copy.root
}

const isEmpty = (value: unknown): boolean => Object.keys(value as object).length === 0

const isOptional = (example: Json, path: Path): boolean =>
  optional.test(path.join('.')) &&
  !(path.at(-1) === 'attempt' && (example as { kind: string }).kind !== 'changed') &&
  (example as { kind: string }).kind !== 'closing'

/** Which of the wrong values a place takes, too; everywhere else all of them are refused. */
const takes: readonly (readonly [RegExp, readonly unknown[]])[] = [
  [/(^|\.)(forked|last|strict)$/, [true, false]],
  [/(^|\.)(reset|check|restore)$/, [true]],
  [/^bytes$/, ['']],
  [/^lines\.\d+\.parts$/, [null, []]],
  [/(^|\.)(token|position|from|to)$|\.outcome\.(code|fields\.\d+)$/, ['x\0', '']],
  [/^session\.last$|^scopes\.\d+\.(hash|position)$|^from$|\.outcome\.(model|id)$/, [null]],
  [/(^|\.)(now|at)$/, [-1, 1.5]],
  [/(^|\.)(heartbeat|retryAfter)$/, [1.5, 1e300]],
  [/\.add$/, [-1, 1.5, 1e300]],
  [/^(scopes|rows|mutations|results|lines|digests)$|^lines\.\d+\.buckets$|(^|\.)(ops|lost|fields|claims|add|remove|out|deleted|rows\.[A-Z]\w*)$/, [[]]],
  [/(^|\.)(params|values|\d+\.seen)$/, [{}, { x: 1 }]],
  [/(^|\.)(set|rows)$/, [{}]],
]

const fitsToo = (path: Path, here: Json, wrong: unknown): boolean => {
  const place = path.join('.')
  const sameShape = Array.isArray(wrong) === Array.isArray(here) && isObject(wrong) === isObject(here)
  const scalar = typeof wrong !== 'object' || wrong === null
  return (
    (scalar ? !isContainer(here) || wrong === null : sameShape) &&
    takes.some(([where, values]) => where.test(place) && holds(values, wrong))
  )
}

const isContainer = (value: unknown): boolean => typeof value === 'object' && value !== null

const holds = (values: readonly unknown[], value: unknown): boolean =>
  values.some((each) => JSON.stringify(each) === JSON.stringify(value))

const drawFrom = (seed: number): ((below: number) => number) => {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** One frame that nobody should send: nonsense, a valid one cut or broken, or a valid one with something else in some place. */
const hostile = (draw: (below: number) => number, examples: readonly Json[]): string => {
  const example = examples[draw(examples.length)] ?? null
  const text = JSON.stringify(example)
  const scraps = [
    'canary',
    '\0',
    '\ud800',
    '{',
    '}',
    '[',
    ']',
    '"',
    '\\',
    '\\u0000',
    '1e999',
    '-0',
    'null',
    '__proto__',
    'constructor',
    ',',
    ':',
    ' ',
  ]
  switch (draw(6)) {
    case 0:
      return text.slice(0, draw(text.length))
    case 1:
      return Array.from({ length: draw(40) }, () => scraps[draw(scraps.length)]).join('')
    case 2: {
      const cut = draw(text.length)
      return `${text.slice(0, cut)}${scraps[draw(scraps.length)] ?? ''}${text.slice(cut + draw(3))}`
    }
    case 3: {
      const cut = draw(text.length)
      return `${text.slice(0, cut)}${String.fromCharCode(draw(65_536))}${text.slice(cut + 1)}`
    }
    default: {
      const values: readonly Json[] = [
        null,
        true,
        0,
        -1,
        1.5,
        2 ** 53,
        1e300,
        'canary',
        'canary\0',
        '',
        [],
        ['canary'],
        {},
        { canary: 1 },
        [[[['canary']]]],
      ]
      const all = places([example]).filter(([, path]) => path.length > 0)
      const [, path] = all[draw(all.length)] ?? [example, []]
      return JSON.stringify(withValue(example, path, draw(8) === 0 ? undefined : (values[draw(values.length)] ?? null)))
    }
  }
}

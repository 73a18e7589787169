import { expect, test } from 'vitest'
import type { OptionShape } from '../src/option-shape.ts'
import {
  CALLBACK,
  checkOptions,
  CLOCK,
  FLAG,
  group,
  listOf,
  listOfGroups,
  oneOf,
  orNull,
  TEXT,
  textLike,
  wholeNumber,
} from '../src/option-shape.ts'

interface Options {
  readonly name?: string | undefined
  readonly secret?: string | undefined
  readonly count?: number | undefined
  readonly open?: boolean | undefined
  readonly colour?: 'red' | 'green' | null | undefined
  readonly ids?: readonly string[] | undefined
  readonly limits?: { readonly most?: number | undefined } | undefined
  readonly doors?: readonly { readonly open?: boolean | undefined }[] | undefined
  readonly onEnd?: (() => void) | undefined
  readonly clock?: object | undefined
}

const SHAPE: OptionShape<Options> = {
  name: TEXT,
  secret: textLike(/^[a-z]+$/, 'lower-case letters'),
  count: wholeNumber([1, 9]),
  open: FLAG,
  colour: orNull(oneOf(['red', 'green'])),
  ids: listOf('ids', TEXT),
  limits: group({ most: wholeNumber([1, 9]) }),
  doors: listOfGroups({ open: FLAG }),
  onEnd: CALLBACK,
  clock: CLOCK,
}

test.each<[unknown, string]>([
  [{ nam: 'x' }, '"nam" is no option of createX; did you mean "name"?'],
  [{ Colour: 'red' }, '"Colour" is no option of createX; did you mean "colour"?'],
  [{ toString: 1 }, '"toString" is no option of createX; there are name, secret, count, open,'],
  [{ zzzzzzz: undefined }, '"zzzzzzz" is no option of createX'],
  [Object.create({ nam: 'x' }), '"nam" is no option of createX'],
  [{ limits: { moost: 1 } }, '"limits.moost" is no option of createX; did you mean "most"?'],
  [
    { doors: [{}, { oppen: true }] },
    '"doors[1].oppen" is no option of createX; did you mean "open"?',
  ],
  [{ doors: [{ open: 1 }] }, '"doors[0].open" must be true or false, not 1'],
  [{ doors: [null] }, '"doors[0]" must be an object of options, not null'],
  [{ name: 5 }, '"name" must be a string, not 5'],
  [{ name: null }, '"name" must be a string, not null'],
  [{ secret: 'HUNTER2' }, '"secret" must be lower-case letters, not the given text'],
  [{ count: 10 }, '"count" must be a whole number from 1 to 9, not 10'],
  [{ count: 1.5 }, '"count" must be a whole number from 1 to 9, not 1.5'],
  [{ count: '1' }, '"count" must be a whole number from 1 to 9, not the given text'],
  [{ open: 'yes' }, '"open" must be true or false, not the given text'],
  [{ colour: 'gren' }, '"colour" must be red or green, or null, not "gren"; did you mean "green"?'],
  [{ ids: 'a' }, '"ids" must be a list of ids, not the given text'],
  [{ ids: [1] }, '"ids" must be a list of ids, not the given list'],
  [{ limits: [] }, '"limits" must be an object of options, not the given list'],
  [{ onEnd: {} }, '"onEnd" must be a function, not the given object'],
  [{ clock: { now: () => 1 } }, '"clock" must be a clock with "now", "monotonic"'],
  [undefined, 'createX needs options: an object, not undefined'],
  [[], 'createX needs options: an object, not the given list'],
  ['x', 'createX needs options: an object, not the given text'],
])('%j is refused', (options, message) => {
  const check = () => checkOptions('createX', options as Options, SHAPE)
  expect(check).toThrow(TypeError)
  expect(check).toThrow(message)
})

test('what is known and right passes, and so does what is left open', () => {
  expect(() => {
    checkOptions('createX', {}, SHAPE)
    checkOptions<Options>(
      'createX',
      {
        name: '',
        secret: 'x',
        count: 9,
        open: false,
        colour: null,
        ids: [],
        limits: { most: undefined },
        doors: [{ open: true }],
        onEnd: undefined,
        clock: { now: () => 0, monotonic: () => 0 },
      },
      SHAPE,
    )
  }).not.toThrow()
})

test('a secret in the place of a name is not repeated in full', () => {
  const secret = 'MDA'.repeat(30)
  const check = () => checkOptions('createX', { [secret]: 1 }, SHAPE)
  expect(check).toThrow(TypeError)
  expect(check).not.toThrow(secret)
})

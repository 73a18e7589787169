/**
 * The options that a factory knows, and what each of them may be. A misspelled restriction must not become no
 * restriction, for callers without types either, so every factory checks what it is given before it does anything.
 *
 * @module
 */

import { didYouMean } from './suggestion.ts'

/** What an option may be. That it may be left out, or be undefined, goes without saying. */
export interface OptionKind {
  /** In words that follow "must be", e.g. `a string`. */
  readonly wanted: string
  readonly accepts: (value: unknown) => boolean
  /** The words to choose from, for a suggestion. @default [] */
  readonly words?: readonly string[]
  /** What is known of the members of an object. @default the object is judged as a whole */
  readonly members?: AnyShape
  /** What each item of a list may be. @default the list is judged as a whole */
  readonly items?: OptionKind
}

/** A kind for each option, so that none can be added without one. */
export type OptionShape<Options> = { readonly [Name in keyof Options]-?: OptionKind }

type AnyShape = Readonly<Record<string, OptionKind>>

/** The least and the most that a number may be. */
export type NumberRange = readonly [least: number, most: number]

/**
 * Checks names and types of all options, those of groups within included.
 *
 * @param owner What has these options, e.g. `createVerification`.
 * @param path What stands before their names in messages, e.g. `backend.traits.`.
 * @throws {TypeError} that names the option, what was given and what is wanted, and for an unknown name the nearest
 *   known one. Texts are not repeated, since they may be secrets; words to choose from are.
 */
export function checkOptions<Options extends object>(
  owner: string,
  options: Options,
  shape: OptionShape<Options>,
  path: string = '',
): void {
  const given: unknown = options
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError(`${owner} needs options: an object, not ${describe(given)}`)
  }
  // A mapped type over a type parameter has no index signature, though its members are all alike.
  checkMembers(owner, path, given, shape as AnyShape)
}

function checkMembers(owner: string, path: string, group: object, shape: AnyShape): void {
  // What is inherited would be read like what is not.
  // oxlint-disable-next-line guard-for-in
  for (const name in group) {
    const kind = Object.hasOwn(shape, name) ? shape[name] : undefined
    if (kind === undefined) throw new TypeError(unknownOption(owner, path, name, shape))
    const value = (group as Readonly<Record<string, unknown>>)[name]
    if (value !== undefined) checkValue(owner, `${path}${name}`, value, kind)
  }
}

function checkValue(owner: string, at: string, value: unknown, kind: OptionKind): void {
  const { wanted, members, items, words = [] } = kind
  if (members !== undefined && typeof value === 'object' && value !== null) {
    checkMembers(owner, `${at}.`, value, members)
  }
  if (items !== undefined && Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkValue(owner, `${at}[${index}]`, item, items)
  }
  if (!kind.accepts(value)) {
    throw new TypeError(`"${at}" must be ${wanted}, not ${describe(value, words)}`)
  }
}

function unknownOption(owner: string, path: string, name: string, shape: AnyShape): string {
  const known = Object.keys(shape)
  const suggestion = didYouMean(name, known) || `; there are ${known.join(', ')}`
  return `"${path}${shortened(name)}" is no option of ${owner}${suggestion}`
}

/** What was given, in words. */
function describe(value: unknown, words: readonly string[] = []): string {
  switch (typeof value) {
    case 'string':
      return words.length === 0
        ? 'the given text'
        : `"${shortened(value)}"${didYouMean(value, words)}`
    case 'number':
    case 'boolean':
    case 'undefined':
      return String(value)
    case 'object':
      if (value === null) return 'null'
      return Array.isArray(value) ? 'the given list' : 'the given object'
    default:
      return `a ${typeof value}`
  }
}

const LONGEST_SHOWN = 40

function shortened(text: string): string {
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text
}

/** Any text. */
export const TEXT: OptionKind = {
  wanted: 'a string',
  accepts: (value) => typeof value === 'string',
}

/** True or false. */
export const FLAG: OptionKind = {
  wanted: 'true or false',
  accepts: (value) => typeof value === 'boolean',
}

/** A function. */
export const CALLBACK: OptionKind = {
  wanted: 'a function',
  accepts: (value) => typeof value === 'function',
}

/** A number, whatever its reader makes of it. */
export const NUMBER: OptionKind = {
  wanted: 'a number',
  accepts: (value) => typeof value === 'number',
}

/** What has a reader of its own, which says more about it. */
export const JUDGED_ELSEWHERE: OptionKind = { wanted: 'anything', accepts: () => true }

/** A whole number of a range, bounds included. */
export function wholeNumber([least, most]: NumberRange): OptionKind {
  return {
    wanted: `a whole number from ${least} to ${most}`,
    accepts: (value) =>
      Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most,
  }
}

/** Whole numbers, each of its own range. */
export function wholeNumbers<Name extends string>(
  ranges: Readonly<Record<Name, NumberRange>>,
): Record<Name, OptionKind> {
  const kinds = Object.entries<NumberRange>(ranges).map(([name, range]) => [
    name,
    wholeNumber(range),
  ])
  return Object.fromEntries(kinds) as Record<Name, OptionKind>
}

/** Text of a form; `wanted` says which. */
export function textLike(pattern: RegExp, wanted: string): OptionKind {
  return { wanted, accepts: (value) => typeof value === 'string' && pattern.test(value) }
}

/** One of some words. */
export function oneOf(words: readonly string[]): OptionKind {
  return {
    wanted: words.join(', ').replace(/, (?=[^,]*$)/, ' or '),
    accepts: (value) => typeof value === 'string' && words.includes(value),
    words,
  }
}

/** The same, or null. */
export function orNull(kind: OptionKind): OptionKind {
  return {
    ...kind,
    wanted: `${kind.wanted}, or null`,
    accepts: (value) => value === null || kind.accepts(value),
  }
}

/** One of some words, or a list of at least one of them. */
export function oneOrSeveral(words: readonly string[]): OptionKind {
  const one = oneOf(words)
  return {
    ...one,
    wanted: `${one.wanted}, or a list of these`,
    accepts: (value) =>
      one.accepts(value) ||
      (Array.isArray(value) && value.length > 0 && value.every((each) => one.accepts(each))),
  }
}

/** A list whose items are all of a kind; `wanted` names several of them. */
export function listOf(wanted: string, item: OptionKind): OptionKind {
  return {
    wanted: `a list of ${wanted}`,
    accepts: (value) => Array.isArray(value) && value.every((each) => item.accepts(each)),
  }
}

/** An object that has at least these methods. */
export function having(wanted: string, ...methods: readonly string[]): OptionKind {
  return {
    wanted: `${wanted} with ${methods.map((name) => `"${name}"`).join(', ')}`,
    accepts: (value) =>
      ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
      methods.every(
        (name) => typeof (value as Readonly<Record<string, unknown>>)[name] === 'function',
      ),
  }
}

/** Options of their own. */
export function group<Options extends object>(shape: OptionShape<Options>): OptionKind {
  return {
    wanted: 'an object of options',
    accepts: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    // As in `checkOptions`.
    members: shape as AnyShape,
  }
}

/** A list of such groups. */
export function listOfGroups<Options extends object>(shape: OptionShape<Options>): OptionKind {
  return { wanted: 'a list', accepts: Array.isArray, items: group(shape) }
}

/** A `Clock`. */
export const CLOCK: OptionKind = having('a clock', 'now', 'monotonic')

/** A `Logger`. */
export const LOGGER: OptionKind = having('a logger', 'debug', 'info', 'warn', 'error')

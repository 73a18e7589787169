/**
 * The kinds of settings that the schema is made of. Each says in one sentence what it accepts and what it got
 * instead, so that none of zod's own wording reaches anybody.
 *
 * @module
 */

import { z } from 'zod'
import type { NumberRange } from '../option-shape.ts'
import { show } from './problems.ts'
import { didYouMean } from '../suggestion.ts'

function expected(what: string): (issue: { input?: unknown }) => string {
  return ({ input }) => {
    if (input === undefined) return 'is missing'
    if (input === null) return `is empty; give ${what}, or remove the key`
    return `must be ${what}, not ${show(input)}`
  }
}

/** A whole number of a range, bounds included. */
export function integer(least: number, most: number): z.ZodType<number> {
  const error = expected(`a whole number from ${least} to ${most}`)
  return z
    .number({ error })
    .refine((value) => Number.isInteger(value) && value >= least && value <= most, {
      error,
    })
}

/** Whole numbers, each of its own range and with its own default. */
export function integers<Name extends string>(
  ranges: Readonly<Record<Name, NumberRange>>,
  defaults: Readonly<Record<NoInfer<Name>, number>>,
): Record<Name, z.ZodDefault<z.ZodType<number>>> {
  const settings = Object.entries<NumberRange>(ranges).map(([name, range]) => [
    name,
    integer(...range).default(defaults[name as Name]),
  ])
  return Object.fromEntries(settings) as Record<Name, z.ZodDefault<z.ZodType<number>>>
}

/** A whole number of a range, bounds included, or a word for which there is one. */
export function integerOr<const W extends string>(
  word: W,
  least: number,
  most: number,
): z.ZodType<number | W> {
  const error = expected(`${word}, or a whole number from ${least} to ${most}`)
  return z.custom<number | W>(
    (value) =>
      value === word ||
      (Number.isInteger(value) && Number(value) >= least && Number(value) <= most),
    { error },
  )
}

/** A part of a whole. */
export function fraction(): z.ZodType<number> {
  const error = expected('a number from 0 to 1')
  return z.number({ error }).refine((value) => value >= 0 && value <= 1, { error })
}

/** `true` or `false`. */
export function toggle(): z.ZodType<boolean> {
  return z.boolean({ error: expected('true or false') })
}

/** One of some words. */
export function choice<const T extends string>(...words: readonly T[]): z.ZodType<T> {
  const error = expected(`one of ${words.join(', ')}`)
  return z.enum(words, {
    error: (issue) =>
      error(issue) + (typeof issue.input === 'string' ? didYouMean(issue.input, words) : ''),
  })
}

/** One of some words, or null where none of them applies. */
export function choiceOrNull<const T extends string>(...words: readonly T[]): z.ZodType<T | null> {
  return z.enum(words, { error: expected(`one of ${words.join(', ')}, or null`) }).nullable()
}

/** Text that a function reads; the message of its `TypeError` becomes the problem. */
export function text<T>(what: string, parse: (text: string) => T): z.ZodType<T> {
  return z.string({ error: expected(what) }).transform((value, context) => {
    try {
      return parse(value)
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      context.addIssue({ code: 'custom', message: error.message })
      return z.NEVER
    }
  })
}

/** A list; `what` names several of its items. */
export function list<T>(what: string, item: z.ZodType<T>): z.ZodType<T[]> {
  return z.array(item, { error: expected(`a list of ${what}`) })
}

/** Values by names that are free to choose; `what` names several. */
export function named<T>(what: string, value: z.ZodType<T>): z.ZodType<Record<string, T>> {
  return z.record(z.string(), value, { error: expected(what) })
}

/** A setting that can be written in several shapes; which of them it is, its value says. */
export function shaped<T>(schemaFor: (value: unknown) => z.ZodType<T>): z.ZodType<T> {
  return z.unknown().transform((value, context) => {
    const { success, data, error } = schemaFor(value).safeParse(value)
    if (success) return data
    for (const issue of error.issues) context.issues.push(issue as z.core.$ZodRawIssue)
    return z.NEVER
  })
}

/** A group of settings that knows all of its keys. Each unknown key makes one line of the message, in order. */
export function group<S extends z.core.$ZodLooseShape>(shape: S): z.ZodObject<S, z.core.$strict> {
  const known = Object.keys(shape)
  const error = expected('a group of settings (key: value)')
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? (issue['keys'] as string[]).map((key) => unknownKey(key, known)).join('\n')
        : error(issue),
  })
}

/** A group that may be left out: what is missing in it is then told by its own settings. */
export function section<S extends z.core.$ZodLooseShape>(
  shape: S,
): z.ZodPrefault<z.ZodObject<S, z.core.$strict>> {
  const inner = group(shape)
  // The type asks for the settings without a default; that they are missing is what the schema shall say.
  return inner.prefault({} as z.input<typeof inner>)
}

function unknownKey(key: string, known: readonly string[]): string {
  const suggestion = didYouMean(key, known)
  return suggestion === ''
    ? `is not a setting here; known are ${known.join(', ')}`
    : `is not a setting here${suggestion}`
}

import type { Arguments } from './arguments.ts'
import { UsageError } from './failure.ts'

/**
 * Reads a flag whose value is one of some words.
 *
 * @throws {UsageError} for any other value.
 */
export function wordChoice<Word extends string>(
  args: Arguments,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const text = args.text(name)
  const word = words.find((candidate) => candidate === text)
  if (text !== undefined && word === undefined) {
    throw new UsageError(`--${name} must be one of ${words.join(', ')}`)
  }
  return word
}

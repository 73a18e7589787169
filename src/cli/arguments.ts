import { parseArgs } from 'node:util'
import { didYouMean } from '../suggestion.ts'
import { UsageError } from './failure.ts'

/** One flag of a command. */
export interface OptionSpec {
  /** What stands for its value in help, e.g. `HOST:PORT`; absent for a flag without a value. */
  readonly value?: string
  /** May be given more than once. @default false */
  readonly multiple?: boolean
  /** One sentence for help. */
  readonly help: string
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>

/** The flags that a command was called with. Asking for one that it does not declare is a mistake in the command. */
export interface Arguments {
  text(name: string): string | undefined
  list(name: string): readonly string[]
  has(name: string): boolean
  /** What is no flag, in order; only for commands that take such. */
  readonly operands: readonly string[]
}

/**
 * Reads the arguments of a command. What is not understood is not repeated in full: it might be a token.
 *
 * @param refusal What to say about arguments that are no flags; null: the command takes them.
 * @param operand The flag that the first one of them stands for.
 * @throws {UsageError}
 */
export function readArguments(
  argv: readonly string[],
  specs: OptionSpecs,
  refusal: string | null = 'takes flags only',
  operand?: string,
): Arguments {
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(specs).map(([name, { value }]) => [
        name,
        { type: value === undefined ? ('boolean' as const) : ('string' as const) },
      ]),
    ),
  })
  const given = new Map<string, string[]>()
  const operands: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') {
      if (refusal === null) {
        operands.push(token.value)
        continue
      }
      if (operand === undefined || given.has(operand)) throw new UsageError(refusal)
      given.set(operand, [token.value])
      continue
    }
    if (token.kind === 'option-terminator') continue
    const spec = Object.hasOwn(specs, token.name) ? specs[token.name] : undefined
    if (spec === undefined) throw new UsageError(unknownFlag(token.rawName, Object.keys(specs)))
    const values = given.get(token.name) ?? []
    if (values.length > 0 && spec.multiple !== true) {
      throw new UsageError(`--${token.name} is given twice`)
    }
    given.set(token.name, [...values, valueOf(token, spec)])
  }

  const valuesOf = (name: string): readonly string[] => {
    if (!Object.hasOwn(specs, name)) throw new Error(`--${name} is not declared`)
    return given.get(name) ?? []
  }
  return {
    text: (name) => valuesOf(name)[0],
    list: valuesOf,
    has: (name) => valuesOf(name).length > 0,
    operands,
  }
}

function valueOf(
  token: { name: string; value?: string | undefined; inlineValue?: boolean | undefined },
  spec: OptionSpec,
): string {
  if (spec.value === undefined) {
    if (token.inlineValue === true) throw new UsageError(`--${token.name} takes no value`)
    return ''
  }
  const { value } = token
  const isFlag = token.inlineValue !== true && value !== undefined && /^-./.test(value)
  if (value === undefined || value === '' || isFlag) {
    throw new UsageError(`--${token.name} needs a value: --${token.name} ${spec.value}`)
  }
  return value
}

function unknownFlag(rawName: string, known: readonly string[]): string {
  const name = rawName.replace(/^-+/, '')
  if (name.length > 30) return 'there is no flag of that name'
  const flags = [...known, 'help'].map((flag) => `--${flag}`)
  return `there is no flag ${rawName}${didYouMean(`--${name}`, flags)}`
}

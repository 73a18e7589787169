import { ConfigError, OnegateError } from '../errors.ts'
import { packageVersion } from '../package-version.ts'
import { didYouMean } from '../suggestion.ts'
import { readArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { COMMANDS, FORMER_NAMES } from './commands.ts'
import { EXIT } from './exit-codes.ts'
import { CommandFailure, UsageError } from './failure.ts'
import { COMMAND_SUMMARIES, helpOf, overview } from './help.ts'
import type { Terminal } from './terminal.ts'

/**
 * Finds the command that is meant and runs it. Everything that goes wrong is told on the terminal, never thrown.
 *
 * @param argv What follows `onegate` on the command line.
 * @returns The exit code.
 */
export async function dispatch(argv: readonly string[], terminal: Terminal): Promise<number> {
  if (argv[0] === 'help' && argv.length > 1) return help(argv.slice(1), terminal)
  const { name, rest } = split(argv)
  switch (name) {
    case '--version':
    case '-v':
      terminal.print(packageVersion())
      return EXIT.ok
    case '--help':
    case '-h':
    case 'help':
    case 'token --help':
    case 'token -h':
    case 'tokens --help':
    case 'tokens -h':
      terminal.print(overview())
      return EXIT.ok
    case '':
    case 'token':
    case 'tokens':
      terminal.report(overview())
      return EXIT.usage
  }
  const load = commandOf(name)
  if (load === undefined) return reportUnknown(name, terminal)
  // As other programs have it: completion bash.
  const isShell = name === 'completion' && rest.length === 1 && /^\w+$/.test(rest[0] ?? '')
  const given = isShell ? ['--shell', ...rest] : rest
  return runCommand(await load(), [...flagsOf(name, terminal), ...given], terminal)
}

/** The command's name, which is two words for what is about tokens, and what follows it. */
function split(argv: readonly string[]): { name: string; rest: readonly string[] } {
  const words = argv[0] === 'token' || argv[0] === 'tokens' ? 2 : 1
  return { name: argv.slice(0, words).join(' '), rest: argv.slice(words) }
}

function commandOf(name: string): (() => Promise<Command>) | undefined {
  const former = Object.hasOwn(FORMER_NAMES, name) ? FORMER_NAMES[name] : undefined
  const current = former?.command ?? name
  return Object.hasOwn(COMMANDS, current) ? COMMANDS[current] : undefined
}

/** The flags that a former name stands for; it still works, and says what to write instead. */
function flagsOf(name: string, terminal: Terminal): readonly string[] {
  const former = Object.hasOwn(FORMER_NAMES, name) ? FORMER_NAMES[name] : undefined
  if (former === undefined) return []
  const now = ['onegate', former.command, ...former.flags].join(' ')
  terminal.report(`"onegate ${name}" is called "${now}" now; the old name goes with version 0.3`)
  return former.flags
}

async function help(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { name, rest } = split(argv)
  const load = commandOf(name)
  if (load !== undefined && rest.length === 0) {
    terminal.print(helpOf(await load()))
    return EXIT.ok
  }
  if (name === 'token' && rest.length === 0) {
    terminal.print(overview())
    return EXIT.ok
  }
  return reportUnknown(argv.join(' '), terminal)
}

async function runCommand(
  command: Command,
  argv: readonly string[],
  terminal: Terminal,
): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    terminal.print(helpOf(command))
    return EXIT.ok
  }
  const isAsking = command.name === 'demo' || 'onezone-url' in command.options
  if (isAsking && 'bun' in process.versions) {
    terminal.report(`onegate ${command.name}: on Bun no Onezone can be asked; run it on Node`)
    return EXIT.failure
  }
  try {
    return await command.run(
      readArguments(argv, command.options, command.refusal, command.operand),
      terminal,
    )
  } catch (error) {
    const failure = failureOf(`onegate ${command.name}`, error)
    // Who reads results as JSON must not have to read failures as prose.
    if (argv.includes('--json')) {
      const { code, exitCode, message, hint, facts } = failure
      const told = { code, exitCode, message, ...(hint === null ? {} : { hint }), ...facts }
      terminal.report(JSON.stringify({ error: told }))
    } else {
      for (const line of failure.lines) terminal.report(line)
    }
    return failure.exitCode
  }
}

function reportUnknown(name: string, terminal: Terminal): number {
  // What is no command may be a token in the wrong place.
  const shown = name.length > 30 ? 'there is no such command' : `there is no command "${name}"`
  terminal.report(`onegate: ${shown}${didYouMean(name, Object.keys(COMMAND_SUMMARIES))}`)
  terminal.report('Try: onegate --help')
  return EXIT.usage
}

/** What is told of something that went wrong, in prose and as data. */
interface Failure {
  /** Bounded: `usage`, `config`, `failure`, `unknown` or `bug`. */
  readonly code: string
  readonly exitCode: number
  readonly message: string
  readonly hint: string | null
  readonly facts: Readonly<Record<string, unknown>>
  readonly lines: readonly string[]
}

function failureOf(name: string, error: unknown): Failure {
  if (error instanceof UsageError) {
    const hint = `Try: ${name} --help`
    const lines = [`${name}: ${error.message}`, hint]
    return { code: 'usage', exitCode: EXIT.usage, message: error.message, hint, facts: {}, lines }
  }
  if (error instanceof ConfigError) {
    const { problems } = error
    const count = problems.length
    const message = `the configuration has ${count} problem${count === 1 ? '' : 's'}`
    return {
      code: 'config',
      exitCode: EXIT.config,
      message,
      hint: null,
      facts: { problems },
      lines: [...error.message.split('\n'), `${name}: ${message}`],
    }
  }
  if (error instanceof CommandFailure) {
    const { exitCode, message, hint, facts } = error
    const code = exitCode === EXIT.unknown ? 'unknown' : 'failure'
    const lines = [`${name}: ${message}`, ...(hint === null ? [] : [hint])]
    return { code, exitCode, message, hint, facts, lines }
  }
  if (error instanceof OnegateError) {
    const { message } = error
    const lines = [`${name}: ${message}`]
    return { code: 'failure', exitCode: EXIT.failure, message, hint: null, facts: {}, lines }
  }
  const message = 'this is a mistake in onegate itself; please report it'
  return {
    code: 'bug',
    exitCode: EXIT.bug,
    message,
    hint: null,
    facts: { stack: stackOf(error) },
    lines: [stackOf(error), `onegate: ${message}`],
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** Tells of an error that nobody foresaw. Returns the exit code. */
export function reportBug(error: unknown, terminal: Terminal): number {
  terminal.report(stackOf(error))
  terminal.report('onegate: this is a mistake in onegate itself; please report it')
  return EXIT.bug
}

import { ConfigError, OnegateError } from '../errors.ts'
import { packageVersion } from '../package-version.ts'
import { didYouMean } from '../suggestion.ts'
import { readArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { CommandFailure, UsageError } from './failure.ts'
import { COMMAND_SUMMARIES, helpOf, overview } from './help.ts'
import type { Terminal } from './terminal.ts'

// Loaded on demand: inspecting a token must not wait for an HTTP server and its metrics to load.
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  demo: async () => (await import('./demo.ts')).demoCommand,
  serve: async () => (await import('./serve.ts')).serveCommand,
  onezone: async () => (await import('./onezone.ts')).onezoneCommand,
  'lookup-server': async () => (await import('./lookup-server.ts')).lookupServerCommand,
  check: async () => (await import('./check.ts')).checkCommand,
  'token inspect': async () => (await import('./token-inspect.ts')).inspectCommand,
  'token link': async () => (await import('./token-link.ts')).linkCommand,
  'token find': async () => (await import('./token-find.ts')).findCommand,
  'token confine': async () => (await import('./token-confine.ts')).confineCommand,
  'token verify': async () => (await import('./token-verify.ts')).verifyCommand,
  'token explain': async () => (await import('./token-explain.ts')).explainCommand,
  'token create': async () => (await import('./token-create.ts')).createCommand,
  'token get': async () => (await import('./token-get.ts')).getCommand,
  'token revoke': async () => (await import('./token-revoke.ts')).revokeCommand,
  'token restore': async () => (await import('./token-revoke.ts')).restoreCommand,
  'token rename': async () => (await import('./token-rename.ts')).renameCommand,
  'token delete': async () => (await import('./token-delete.ts')).deleteCommand,
  'tokens list': async () => (await import('./tokens-list.ts')).listCommand,
  'tokens delete-all': async () => (await import('./tokens-end-all.ts')).deleteAllCommand,
  'tokens revoke-all': async () => (await import('./tokens-end-all.ts')).revokeAllCommand,
  'tokens generation': async () => (await import('./tokens-generation.ts')).generationCommand,
}

/**
 * Finds the command that is meant and runs it. Everything that goes wrong is told on the terminal, never thrown.
 *
 * @param argv What follows `onegate` on the command line.
 * @returns The exit code.
 */
export async function dispatch(argv: readonly string[], terminal: Terminal): Promise<number> {
  const words = argv[0] === 'token' || argv[0] === 'tokens' ? 2 : 1
  const name = argv.slice(0, words).join(' ')
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
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (load === undefined) return reportUnknown(name, terminal)
  return runCommand(await load(), argv.slice(words), terminal)
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
    return await command.run(readArguments(argv, command.options, command.refusal), terminal)
  } catch (error) {
    return reportFailure(`onegate ${command.name}`, error, terminal)
  }
}

function reportUnknown(name: string, terminal: Terminal): number {
  // What is no command may be a token in the wrong place.
  const shown = name.length > 30 ? 'there is no such command' : `there is no command "${name}"`
  terminal.report(`onegate: ${shown}${didYouMean(name, Object.keys(COMMAND_SUMMARIES))}`)
  terminal.report('Try: onegate --help')
  return EXIT.usage
}

function reportFailure(name: string, error: unknown, terminal: Terminal): number {
  if (error instanceof UsageError) {
    terminal.report(`${name}: ${error.message}`)
    terminal.report(`Try: ${name} --help`)
    return EXIT.usage
  }
  if (error instanceof ConfigError) {
    for (const line of error.message.split('\n')) terminal.report(line)
    const count = error.problems.length
    terminal.report(`${name}: the configuration has ${count} problem${count === 1 ? '' : 's'}`)
    return EXIT.config
  }
  if (error instanceof CommandFailure || error instanceof OnegateError) {
    terminal.report(`${name}: ${error.message}`)
    return EXIT.failure
  }
  return reportBug(error, terminal)
}

/** Tells of an error that nobody foresaw. Returns the exit code. */
export function reportBug(error: unknown, terminal: Terminal): number {
  terminal.report(error instanceof Error ? (error.stack ?? error.message) : String(error))
  terminal.report('onegate: this is a mistake in onegate itself; please report it')
  return EXIT.bug
}

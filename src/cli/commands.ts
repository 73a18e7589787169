import type { Command } from './command.ts'

/**
 * Every command, loaded on demand: inspecting a token must not wait for an HTTP server and its metrics to load. What
 * each is for, and the order, are in `help.ts`.
 */
export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  demo: async () => (await import('./demo.ts')).demoCommand,
  serve: async () => (await import('./serve.ts')).serveCommand,
  onezone: async () => (await import('./onezone.ts')).onezoneCommand,
  'lookup-server': async () => (await import('./lookup-server.ts')).lookupServerCommand,
  check: async () => (await import('./check.ts')).checkCommand,
  status: async () => (await import('./status.ts')).statusCommand,
  refusals: async () => (await import('./refusals.ts')).refusalsCommand,
  explain: async () => (await import('./explain.ts')).explainCommand,
  invalidate: async () => (await import('./invalidate.ts')).invalidateCommand,
  login: async () => (await import('./login.ts')).loginCommand,
  'token inspect': async () => (await import('./token-inspect.ts')).inspectCommand,
  'token link': async () => (await import('./token-link.ts')).linkCommand,
  'token find': async () => (await import('./token-find.ts')).findCommand,
  echo: async () => (await import('./echo.ts')).echoCommand,
  probe: async () => (await import('./probe.ts')).probeCommand,
  'token confine': async () => (await import('./token-confine.ts')).confineCommand,
  'token verify': async () => (await import('./token-verify.ts')).verifyCommand,
  'token scope': async () => (await import('./token-scope.ts')).scopeCommand,
  'token explain': async () => (await import('./token-explain.ts')).explainCommand,
  'token create': async () => (await import('./token-create.ts')).createCommand,
  'token list': async () => (await import('./token-list.ts')).listCommand,
  'token get': async () => (await import('./token-get.ts')).getCommand,
  'token revoke': async () => (await import('./token-revoke.ts')).revokeCommand,
  'token restore': async () => (await import('./token-revoke.ts')).restoreCommand,
  'token rename': async () => (await import('./token-rename.ts')).renameCommand,
  'token delete': async () => (await import('./token-delete.ts')).deleteCommand,
  'token generation': async () => (await import('./token-generation.ts')).generationCommand,
  completion: async () => (await import('./completion.ts')).completionCommandFor(COMMANDS),
}

/** A name that a command had in version 0.1, which still works. */
export interface FormerName {
  /** The command that is meant. */
  readonly command: string
  /** Flags that it stands for. */
  readonly flags: readonly string[]
}

/** Former names, and what to write instead. */
export const FORMER_NAMES: Readonly<Record<string, FormerName>> = {
  'tokens list': { command: 'token list', flags: [] },
  'tokens delete-all': { command: 'token delete', flags: ['--all'] },
  'tokens revoke-all': { command: 'token revoke', flags: ['--all-temporary'] },
  'tokens generation': { command: 'token generation', flags: [] },
}

import { setTimeout as delay } from 'node:timers/promises'

import { isJsonObject } from '../json.ts'
import type { Arguments } from './arguments.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { CommandFailure } from './failure.ts'
import type { RunningGateway } from './running-gateway.ts'
import { ADMIN_EXITS, ADMIN_OPTIONS, runningGateway } from './running-gateway.ts'
import { createStopSignal } from './stop-signal.ts'
import { columns, printable, type Terminal } from './terminal.ts'

const EVERY_MS = 2_000

/** What `GET /refusals` says of one, as far as it is shown. */
interface Refusal {
  readonly lastAt: string
  readonly code: string
  readonly caveat: string | null
  readonly status: number
  readonly count: number
  readonly route: string
  readonly method: string
  readonly path: string | null
  readonly subject: string | null
  readonly fingerprint: string | null
  readonly client: string | null
  readonly requestIds: readonly string[]
}

/** `onegate refusals` */
export const refusalsCommand: Command = {
  name: 'refusals',
  usage: ['[--admin URL] [--follow] [FLAGS]'],
  about: `Lists what a running gateway refused of late, the latest last: one line for each token, or address without
one, and code. With --follow it goes on, and prints those that come, until it is stopped.`,
  options: {
    ...ADMIN_OPTIONS,
    follow: { help: 'Go on, until SIGINT or SIGTERM.' },
    subject: { value: 'ID', help: 'Only those of a user or Oneprovider: ID, or user:ID.' },
    fingerprint: { value: 'HEX', help: 'Only those of one token.' },
    'request-id': { value: 'ID', help: 'Only that of one request, as its answer named it.' },
    json: { help: 'Print each as one line of JSON.' },
  },
  exits: ADMIN_EXITS,
  examples: ['onegate refusals', 'onegate refusals --follow --subject alice'],

  async run(args, terminal) {
    const gateway = await runningGateway(args, terminal)
    const path = `/refusals${queryOf(args)}`
    const seen = new Map<string, string>()
    printNew(await read(gateway, path), seen, args, terminal)
    if (!args.has('follow')) return EXIT.ok
    const stop = createStopSignal()
    try {
      const stopped = new AbortController()
      void stop.received.then(() => stopped.abort())
      while (!stopped.signal.aborted) {
        await delay(EVERY_MS, undefined, { signal: stopped.signal }).catch(() => {})
        if (!stopped.signal.aborted) await follow(gateway, path, seen, args, terminal)
      }
    } finally {
      stop.release()
    }
    return EXIT.ok
  },
}

/** A gateway that is started anew meanwhile is no reason to stop looking. */
async function follow(
  gateway: RunningGateway,
  path: string,
  seen: Map<string, string>,
  args: Arguments,
  terminal: Terminal,
): Promise<void> {
  try {
    printNew(await read(gateway, path), seen, args, terminal)
  } catch (error) {
    if (!(error instanceof CommandFailure) || error.exitCode !== EXIT.unknown) throw error
    terminal.report(`onegate refusals: ${error.message}; trying again`)
  }
}

function queryOf(args: Arguments): string {
  const query = new URLSearchParams()
  for (const [flag, key] of [
    ['subject', 'subject'],
    ['fingerprint', 'fingerprint'],
    ['request-id', 'requestId'],
  ] as const) {
    const value = args.text(flag)
    if (value !== undefined) query.set(key, value)
  }
  return query.size === 0 ? '' : `?${query.toString()}`
}

async function read(gateway: RunningGateway, path: string): Promise<readonly Refusal[]> {
  const { refusals } = await gateway.get(path)
  const list = Array.isArray(refusals) ? refusals.filter(isJsonObject) : []
  return list.toReversed() as unknown as Refusal[]
}

/** Prints those that have happened, or happened again, since they were printed. */
function printNew(
  refusals: readonly Refusal[],
  seen: Map<string, string>,
  args: Arguments,
  terminal: Terminal,
): void {
  const fresh = refusals.filter((refusal) => {
    const key = `${refusal.code} ${refusal.fingerprint ?? refusal.client ?? ''}`
    const isNew = seen.get(key) !== refusal.lastAt
    seen.set(key, refusal.lastAt)
    return isNew
  })
  if (args.has('json')) {
    for (const refusal of fresh) terminal.print(JSON.stringify(refusal))
    return
  }
  for (const line of columns(fresh.map((refusal) => rowOf(refusal).map(printable)))) {
    terminal.print(line)
  }
  if (refusals.length === 0 && !args.has('follow')) terminal.report('nothing was refused of late')
}

function rowOf(refusal: Refusal): string[] {
  const { code, caveat, route, method, path, subject, fingerprint, client, requestIds } = refusal
  return [
    refusal.lastAt,
    String(refusal.status),
    caveat === null ? code : `${code} (${caveat})`,
    `${refusal.count}×`,
    route,
    `${method} ${path ?? '?'}`,
    subject ?? '-',
    fingerprint ?? 'no token',
    client ?? '-',
    requestIds[0] ?? '-',
  ]
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { onTestFinished } from 'vitest'

import type { World } from '../../src/dev-onezone/index.ts'
import { startOnegate } from '../cli/onegate-process.ts'
import { eventually } from './eventually.ts'
import { ALICE, startOnezone } from './onezone.ts'
import { startUpstream } from './upstream.ts'

/**
 * `onegate serve` with two workers, until the test ends. It then waits for no connection, unless `yaml` says how long
 * with `shutdown`.
 */
export async function startClusteredGateway(
  yaml = '',
  files: Readonly<Record<string, string>> = {},
  to?: string,
  watchIntervalMs?: number,
  listen = '127.0.0.1:0',
  providers?: { readonly world: World; readonly yaml: string },
) {
  const onezone = await startOnezone(providers === undefined ? {} : { world: providers.world })
  const upstream = await startUpstream()
  const watch =
    watchIntervalMs === undefined
      ? ''
      : `, watchTokenFile: watch-token, watchIntervalMs: ${watchIntervalMs}`
  const exchanging = providers === undefined ? '' : `, identityProviders: ${providers.yaml}`
  // As long as it may be.
  const totalTimeoutMs = Math.min(5_000, Number(/maxStalenessMs: (\d+)/.exec(yaml)?.[1] ?? 10_000))
  const taking = providers === undefined ? '' : ', identityProviderTokens: true'
  const directory = mkdtempSync(join(tmpdir(), 'onegate-workers-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'onegate.yaml')
  const write = (text: string): void =>
    writeFileSync(
      file,
      `
listen: ${listen}
adminListen: 127.0.0.1:0
workers: 2
onezone: { url: '${onezone.url}', totalTimeoutMs: ${totalTimeoutMs}${watch}${exchanging} }
reload: { intervalMs: 100 }
routes: [{ id: all, path: /**, upstream: '${to ?? upstream.url}'${taking} }]
${/^shutdown:/m.test(text) ? '' : 'shutdown: { drainMs: 0 }'}
${text}`,
    )
  const replace = (named: Readonly<Record<string, string>>): void => {
    for (const [name, text] of Object.entries(named)) writeFileSync(join(directory, name), text)
  }
  if (watchIntervalMs !== undefined) {
    const { token: watchToken } = onezone.createNamedToken({ subject: ALICE, name: 'the watch' })
    replace({ 'watch-token': watchToken })
  }
  replace(files)
  write(yaml)
  const onegate = startOnegate(['serve', '--config', file, '--json'])
  onTestFinished(async () => void (await onegate.stop()))
  const { gateway, admin } = await onegate.ready<{ gateway: string; admin: string }>()

  /** Process ids of the workers that were started so far, in the order of their start. */
  const pids = (): number[] =>
    [...onegate.stderr().matchAll(/"worker":"\d","pid":(\d+),/g)].map((match) => Number(match[1]))
  /** Statuses of so many requests, each on a connection of its own, hence at whichever worker takes it. */
  const statuses = async (token: string, count: number): Promise<number[]> => {
    const responses = Array.from({ length: count }, async () => {
      const headers = { 'X-Auth-Token': token, Connection: 'close' }
      const response = await fetch(gateway, { headers })
      await response.arrayBuffer()
      return response.status
    })
    return (await Promise.all(responses)).sort()
  }
  const metrics = async () => (await fetch(`${admin}/metrics`)).text()
  const sample = async (name: string): Promise<number> =>
    Number(
      (await metrics())
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')[1],
    )
  const post = async (path: string, body: object): Promise<unknown> => {
    const headers = { 'Content-Type': 'application/json' }
    const response = await fetch(`${admin}${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    })
    return response.json()
  }
  const token = onezone.createTemporaryToken({ subject: ALICE })
  await eventually(() => pids().length >= 2)
  return {
    ...onegate,
    onezone,
    upstream,
    gateway,
    admin,
    write,
    replace,
    pids,
    statuses,
    metrics,
    sample,
    post,
    token,
  }
}

/** Whether a process of that id is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

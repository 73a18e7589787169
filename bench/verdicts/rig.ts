import { strict as assert } from 'node:assert'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { DevOnezone } from '../../src/dev-onezone/index.ts'
import { createDevOnezone } from '../../src/dev-onezone/index.ts'
import { startChild } from '../child.ts'

type Labels = Readonly<Record<string, string>>

/** A gateway process between an embedded Onezone, which is in this process, and an upstream process. */
export interface Rig {
  readonly onezone: DevOnezone
  /** Base URL of the gateway. */
  readonly url: string
  /** Its process. */
  readonly pid: number
  /** How often Onezone was asked about an access token so far. */
  readonly verifyCalls: () => number
  /** Sum of a counter's series that have all these labels. */
  readonly metric: (name: string, labels?: Labels) => Promise<number>
  /** All metrics of one moment, to take sums from. */
  readonly metrics: () => Promise<(name: string, labels?: Labels) => number>
  close(): Promise<void>
}

/** Header fields by which a client has an address of its own: the gateway believes the bench. */
export function from(address: string, token?: string): Record<string, string> {
  return { 'X-Forwarded-For': address, ...(token === undefined ? {} : { 'X-Auth-Token': token }) }
}

/** The n-th of a million client addresses. */
export function addressOf(index: number): string {
  return `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`
}

/**
 * Starts all three. Two routes lead to the upstream, `/good/**` and `/flood/**`, so that their requests can be told apart
 * in the metrics; their verdicts are the same.
 *
 * @param verdicts Settings that differ from the defaults. @default {}
 * @param target Program of the upstream. @default one that always gives the small answer
 */
export async function openRig(
  product: string,
  verdicts: Readonly<Record<string, number>> = {},
  target = 'targets/upstream.ts',
): Promise<Rig> {
  const closers: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) await closer()
  }
  try {
    const onezone = await createDevOnezone()
    closers.push(() => onezone.close())
    const upstream = await startChild('the upstream', ['--import', 'tsx', target])
    closers.push(() => upstream.stop())
    const file = join(product, `verdicts-${onezone.port}.yaml`)
    writeFileSync(file, configuration(onezone.url, upstream.ready['upstream'] ?? '', verdicts))
    const serve = [join(product, 'dist/cli/main.js'), 'serve', '--json', '--config', file]
    const gateway = await startChild('the gateway', serve)
    closers.push(() => gateway.stop())

    const metrics: Rig['metrics'] = async () => {
      const response = await fetch(`${gateway.ready['admin']}/metrics`)
      assert.equal(response.status, 200, 'the metrics')
      const text = await response.text()
      return (name, labels = {}) => sumOf(text, name, labels)
    }
    return {
      onezone,
      pid: gateway.pid,
      url: gateway.ready['gateway'] ?? '',
      verifyCalls: () => onezone.calls().verifyAccessToken,
      metric: async (name, labels) => (await metrics())(name, labels),
      metrics,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** JSON is YAML. */
function configuration(
  onezoneUrl: string,
  upstream: string,
  verdicts: Readonly<Record<string, number>>,
): string {
  return JSON.stringify({
    listen: '127.0.0.1:0',
    adminListen: '127.0.0.1:0',
    trustedProxies: ['127.0.0.1'],
    onezone: { url: onezoneUrl },
    verdicts,
    routes: ['good', 'flood'].map((id) => ({ id, path: `/${id}/**`, token: 'access', upstream })),
    log: { level: 'error' },
  })
}

function sumOf(text: string, name: string, labels: Labels): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
  return lines
    .filter((line) => wanted.every((pair) => line.includes(pair)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

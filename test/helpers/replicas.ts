import type { Gateway } from '../../src/gateway/index.ts'
import { block } from '../docs/pages.ts'
import { eventually } from './eventually.ts'
import { startGateway } from './gateway.ts'
import { ALICE, startOnezone } from './onezone.ts'
import { startUpstream } from './upstream.ts'

export const STORE_SECRET = 'canary-secret-of-the-store-0123456789abcdef'
const PASSWORD = 'canary-password-of-the-store'

/** The user of docs/replicas.md, who may do nothing else, and this: as arguments of a server. */
export function storeUser(...more: readonly string[]): readonly string[] {
  const rules = block('acl', 'user onegate', 'docs/replicas.md')
    .replace('>password', `>${PASSWORD}`)
    .trim()
    .split(/\s+/)
    .slice(1)
  return ['--user', ...rules, ...more]
}

export interface ReplicaOptions {
  /** Where the store is, as it stands in a configuration file: `url: …`. */
  readonly place: string
  readonly upstream?: string | undefined
  readonly maxStalenessMs?: number | undefined
  /** Long enough for a machine that has much else to do. @default 1000 */
  readonly deadlineMs?: number | undefined
  /** Beside the configuration file. */
  readonly files?: Readonly<Record<string, string>> | undefined
}

/** Two gateways around one store, before one Onezone. */
export async function openReplicas(options: ReplicaOptions) {
  const { place, maxStalenessMs = 300_000, deadlineMs = 1_000 } = options
  const onezone = await startOnezone()
  const to = options.upstream ?? (await startUpstream()).url
  const yaml = `
upstream: ${to}
verdicts:
  maxStalenessMs: ${maxStalenessMs}
  budget: { perAddressPerSecond: 1000000, perSubjectPerSecond: 1000000 }
store:
  ${place}
  secretFile: secret
  usernameFile: user
  passwordFile: password
  deadlineMs: ${deadlineMs}
`
  const files = { secret: STORE_SECRET, user: 'onegate', password: PASSWORD, ...options.files }
  const open = (): Promise<Gateway> => startGateway({ onezoneUrl: onezone.url, yaml, files })
  const [a, b] = [await open(), await open()]

  const status = async ({ url }: Gateway, token: string): Promise<number> => {
    const response = await fetch(url, { headers: { 'X-Auth-Token': token } })
    await response.arrayBuffer()
    return response.status
  }
  const metrics = async ({ adminUrl }: Gateway): Promise<string> =>
    (await fetch(`${adminUrl}/metrics`)).text()
  /** The value of a metric; NaN: it is not there. */
  const sample = async (gateway: Gateway, name: string): Promise<number> => {
    const lines = (await metrics(gateway)).split('\n')
    return Number(lines.find((each) => each.startsWith(`${name} `))?.split(' ')[1])
  }
  const invalidate = async ({ adminUrl }: Gateway, selector: object): Promise<unknown> => {
    const headers = { 'Content-Type': 'application/json' }
    const body = JSON.stringify(selector)
    const response = await fetch(`${adminUrl}/invalidate`, { method: 'POST', headers, body })
    return response.json()
  }
  /** Whether both reach the store, and hear each other. */
  const areTogether = async (): Promise<boolean> => {
    const seen = [a, b].map(async (gateway) => [
      await sample(gateway, 'onegate_store_up'),
      await sample(gateway, 'onegate_store_subscription_up'),
      await sample(gateway, 'onegate_store_peers'),
    ])
    return (await Promise.all(seen)).flat().every((value) => value === 1)
  }
  await eventually(areTogether)
  const calls = () => onezone.calls().verifyAccessToken
  const issue = () => onezone.createTemporaryToken({ subject: ALICE })
  const together = (): Promise<void> => eventually(areTogether)
  return { onezone, a, b, status, metrics, sample, invalidate, areTogether, together, calls, issue }
}

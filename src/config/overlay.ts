/**
 * What is laid over a configuration file: environment variables, then flags. One table says which settings can be
 * given so, and by which names.
 *
 * @module
 */

import type { Finding, SettingPath } from './problems.ts'
import { suggest } from '../suggestion.ts'

/** Settings that can be given as flags, under the names that commands use. */
export interface ConfigFlags {
  readonly listen?: string | undefined
  readonly adminListen?: string | undefined
  readonly onezoneUrl?: string | undefined
  /** A number, or `auto`. */
  readonly workers?: string | undefined
  readonly upstream?: string | undefined
  /** One entry per use of the flag. */
  readonly trustedProxies?: readonly string[] | undefined
  readonly logLevel?: string | undefined
}

/** One setting given outside of the file. */
export interface Overlay {
  readonly path: readonly string[]
  readonly value: unknown
  /** Name of the variable or flag. */
  readonly source: string
}

interface OverlayRow {
  readonly path: readonly string[]
  readonly kind: 'text' | 'number' | 'toggle' | 'list'
  readonly flag?: readonly [property: keyof ConfigFlags, name: string]
}

const ROWS: readonly OverlayRow[] = [
  { path: ['listen'], kind: 'text', flag: ['listen', '--listen'] },
  { path: ['adminListen'], kind: 'text', flag: ['adminListen', '--admin-listen'] },
  { path: ['adminTokenFile'], kind: 'text' },
  { path: ['workers'], kind: 'number', flag: ['workers', '--workers'] },
  { path: ['tls', 'certFile'], kind: 'text' },
  { path: ['tls', 'keyFile'], kind: 'text' },
  { path: ['tls', 'clientCaFile'], kind: 'text' },
  { path: ['tls', 'clientAuth'], kind: 'text' },
  { path: ['tls', 'http2'], kind: 'toggle' },
  { path: ['onezone', 'url'], kind: 'text', flag: ['onezoneUrl', '--onezone-url'] },
  { path: ['onezone', 'caFile'], kind: 'text' },
  { path: ['onezone', 'serviceTokenFile'], kind: 'text' },
  { path: ['onezone', 'watchTokenFile'], kind: 'text' },
  { path: ['onezone', 'watchIntervalMs'], kind: 'number' },
  { path: ['onezone', 'connectTimeoutMs'], kind: 'number' },
  { path: ['onezone', 'totalTimeoutMs'], kind: 'number' },
  { path: ['onezone', 'allowInsecureHttp'], kind: 'toggle' },
  { path: ['verifier', 'type'], kind: 'text' },
  { path: ['verifier', 'url'], kind: 'text' },
  { path: ['verifier', 'apiTokenFile'], kind: 'text' },
  { path: ['verifier', 'caFile'], kind: 'text' },
  { path: ['verifier', 'connectTimeoutMs'], kind: 'number' },
  { path: ['verifier', 'totalTimeoutMs'], kind: 'number' },
  { path: ['verifier', 'allowInsecureHttp'], kind: 'toggle' },
  { path: ['trustedProxies'], kind: 'list', flag: ['trustedProxies', '--trusted-proxy'] },
  { path: ['upstream'], kind: 'text', flag: ['upstream', '--upstream'] },
  { path: ['verdicts', 'maxStalenessMs'], kind: 'number' },
  { path: ['verdicts', 'negativeTtlMs'], kind: 'number' },
  { path: ['verdicts', 'staleIfErrorMs'], kind: 'number' },
  { path: ['verdicts', 'maxTokens'], kind: 'number' },
  { path: ['verdicts', 'maxFamilies'], kind: 'number' },
  { path: ['verdicts', 'maxRefusals'], kind: 'number' },
  { path: ['realm'], kind: 'text' },
  { path: ['log', 'level'], kind: 'text', flag: ['logLevel', '--log-level'] },
  { path: ['reload', 'watchFiles'], kind: 'toggle' },
  { path: ['reload', 'intervalMs'], kind: 'number' },
  { path: ['shutdown', 'readinessDelayMs'], kind: 'number' },
  { path: ['shutdown', 'drainMs'], kind: 'number' },
]

/** Every environment variable that is understood, in the order of the documentation. */
export const ENVIRONMENT_VARIABLES: readonly string[] = ROWS.map(({ path }) => variableOf(path))

/** `['verdicts', 'maxStalenessMs']` → `ONEGATE_VERDICTS_MAX_STALENESS_MS` */
export function variableOf(path: readonly string[]): string {
  const words = path.map((key) => key.replace(/[A-Z]/g, '_$&'))
  return `ONEGATE_${words.join('_').toUpperCase()}`
}

/** How a setting can be given, for messages about one that is missing. */
export function waysToGive(path: SettingPath): string {
  const row = ROWS.find((candidate) => candidate.path.join('.') === path.join('.'))
  if (row === undefined) return ''
  return [row.flag?.[1], variableOf(row.path)].filter((way) => way !== undefined).join(' or ')
}

/** Reads the `ONEGATE_…` variables. Empty ones count as absent; unknown ones are findings. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): {
  overlays: Overlay[]
  findings: (Finding & { source: string })[]
} {
  const overlays = ROWS.flatMap((row) => {
    const source = variableOf(row.path)
    const value = env[source]
    return value ? [{ path: row.path, value: valueOf(row.kind, value), source }] : []
  })
  const findings = Object.keys(env)
    .filter((name) => name.startsWith('ONEGATE_') && !ENVIRONMENT_VARIABLES.includes(name))
    .filter((name) => !isServiceLink(name))
    .map((name) => {
      const suggestion = suggest(name, ENVIRONMENT_VARIABLES)
      const hint = suggestion === undefined ? 'remove it' : `did you mean ${suggestion}?`
      return { path: [], message: `is not a variable of onegate; ${hint}`, source: name }
    })
  return { overlays, findings }
}

/** Turns flags into overlays. */
export function readFlags(flags: ConfigFlags): Overlay[] {
  return ROWS.flatMap(({ path, kind, flag }) => {
    if (flag === undefined) return []
    const [property, source] = flag
    const value = flags[property]
    if (value === undefined) return []
    return [{ path, value: typeof value === 'string' ? valueOf(kind, value) : value, source }]
  })
}

/** Lays overlays over the value of a file; later ones win. A group that is no group is left for the schema to refuse. */
export function applyOverlays(value: unknown, overlays: readonly Overlay[]): unknown {
  if (!isGroup(value)) return value
  const result = { ...value }
  for (const { path, value: given } of overlays) {
    const [first = '', second] = path
    if (second === undefined) {
      result[first] = given
      continue
    }
    const group = result[first] ?? {}
    if (isGroup(group)) result[first] = { ...group, [second]: given }
  }
  return result
}

export function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Kubernetes and Docker tell every container about services: one called `onegate` must not break its own gateway. */
function isServiceLink(name: string): boolean {
  return /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)?)$/.test(
    name,
  )
}

/** Text that is no number or toggle stays text: the schema then says what it wants. */
function valueOf(kind: OverlayRow['kind'], text: string): unknown {
  if (kind === 'number' && /^-?\d+$/.test(text)) return Number(text)
  if (kind === 'toggle' && (text === 'true' || text === 'false')) return text === 'true'
  if (kind === 'list') return text.split(',').map((entry) => entry.trim())
  return text
}

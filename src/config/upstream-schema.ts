/**
 * Where the requests of a route go: a URL, a list of URLs, or a group of settings.
 *
 * @module
 */

import type { z } from 'zod'
import type { UpstreamOptions, UpstreamTls } from '../upstream/index.ts'
import {
  parseCheckPath,
  parseHostField,
  parseServerName,
  parseUpstreamHost,
  parseUpstreamUrl,
  UPSTREAM_DEFAULTS as DEFAULTS,
  UPSTREAM_RANGES as RANGES,
} from '../upstream/index.ts'
import { group, integer, integers, list, section, shaped, text } from './setting.ts'

/** An upstream whose certificates and keys are still names of files. */
export interface UpstreamWritten extends Omit<UpstreamOptions, 'tls'> {
  readonly tls?: UpstreamTlsFiles | undefined
}

/** Names of the files that {@link UpstreamTls} is read from. */
export interface UpstreamTlsFiles extends Pick<UpstreamTls, 'serverName'> {
  readonly caFile?: string | undefined
  readonly certFile?: string | undefined
  readonly keyFile?: string | undefined
}

const url = text('a URL, e.g. http://127.0.0.1:3000', parseUpstreamUrl)

const fileName = text('the name of a file', (value) => {
  if (value === '') throw new TypeError('must not be empty')
  return value
})

const upstream = group({
  urls: list('URLs', url),
  retries: integer(...RANGES.retries).default(DEFAULTS.retries),
  host: text('own, client, or the name of a host', parseUpstreamHost).optional(),
  maxConnections: integer(...RANGES.maxConnections).default(DEFAULTS.maxConnections),
  keepAliveMs: integer(...RANGES.keepAliveMs).default(DEFAULTS.keepAliveMs),
  maxConnectionAgeMs: integer(...RANGES.maxConnectionAgeMs).default(DEFAULTS.maxConnectionAgeMs),
  ejection: section(integers(RANGES.ejection, DEFAULTS.ejection)),
  healthCheck: group({
    path: text('a path, e.g. /healthz', parseCheckPath),
    host: text('the name of a host', parseHostField).optional(),
    intervalMs: integer(...RANGES.healthCheck.intervalMs).default(DEFAULTS.healthCheck.intervalMs),
    timeoutMs: integer(...RANGES.healthCheck.timeoutMs).default(DEFAULTS.healthCheck.timeoutMs),
    expect: list('statuses', integer(...RANGES.healthCheck.expect)).default([]),
  }).optional(),
  tls: group({
    caFile: fileName.optional(),
    serverName: text('a host name', parseServerName).optional(),
    certFile: fileName.optional(),
    keyFile: fileName.optional(),
  }).optional(),
})

/** `upstream:` in any of its shapes. */
export const upstreamSchema: z.ZodType<UpstreamWritten> = shaped<UpstreamWritten>((value) => {
  if (Array.isArray(value)) return list('URLs', url).transform(complete)
  if (typeof value === 'object' && value !== null) return upstream
  return url.transform((only) => complete([only]))
})

function complete(urls: string[]): UpstreamWritten {
  return upstream.parse({ urls })
}

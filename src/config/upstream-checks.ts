/**
 * Conditions between the settings of an upstream.
 *
 * @module
 */

import { isJsonObject } from '../json.ts'
import { parseUpstreamUrl, UPSTREAM_DEFAULTS } from '../upstream/index.ts'
import type { Finding, SettingPath } from './problems.ts'
import { findingsAt, groupAt, listAt, readable, type Findings, type Written } from './written.ts'

/** Finds what is wrong with an upstream that is a list or a group. */
export function checkUpstream(upstream: unknown, path: SettingPath): Finding[] {
  const findings = findingsAt(path)
  if (Array.isArray(upstream)) checkUrls(upstream, [], findings)
  if (!isJsonObject(upstream)) return findings.all
  if (Array.isArray(upstream['urls'])) checkUrls(upstream['urls'], ['urls'], findings)
  checkEjection(groupAt(upstream, 'ejection'), findings)
  checkTls(groupAt(upstream, 'tls'), listAt(upstream, 'urls'), findings)
  return findings.all
}

function checkUrls(urls: readonly unknown[], at: SettingPath, { find }: Findings): void {
  if (urls.length === 0) find(at, 'is empty; name at least one URL')
  const known = urls.map((url) => readable(url, parseUpstreamUrl))
  for (const [index, url] of known.entries()) {
    if (url === undefined || known.indexOf(url) === index) continue
    find([...at, index], 'is in the list already; remove it')
  }
}

function checkEjection(ejection: Written, { find }: Findings): void {
  const { baseMs = UPSTREAM_DEFAULTS.ejection.baseMs } = ejection
  const { maxMs = UPSTREAM_DEFAULTS.ejection.maxMs } = ejection
  if (typeof baseMs !== 'number' || typeof maxMs !== 'number' || maxMs >= baseMs) return
  const key = ejection['maxMs'] === undefined ? 'baseMs' : 'maxMs'
  find(['ejection', key], `makes maxMs (${maxMs}) less than baseMs (${baseMs})`)
}

function checkTls(tls: Written, urls: readonly unknown[], { find }: Findings): void {
  if (Object.keys(tls).length > 0 && urls.some(isPlain)) {
    find(['tls'], 'is only for URLs that begin with https://', true)
  }
  for (const [given, missing] of [
    ['certFile', 'keyFile'],
    ['keyFile', 'certFile'],
  ] as const) {
    if (tls[given] !== undefined && tls[missing] === undefined) {
      find(['tls', given], `needs "${missing}" beside it`, true)
    }
  }
}

function isPlain(url: unknown): boolean {
  const known = readable(url, parseUpstreamUrl)
  return known !== undefined && !known.startsWith('https:')
}

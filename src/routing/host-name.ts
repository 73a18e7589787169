import { domainToASCII, domainToUnicode } from 'node:url'

import { keptText } from '../kept-text.ts'

/** RFC 9112 §3.2, without empty hosts, and with ports in their one spelling. */
const HOST = /^([A-Za-z0-9._-]{1,254}|\[[0-9A-Fa-f:.]{2,45}\])(?::(0|[1-9]\d{0,4}))?$/

const LABELS = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/

/** A label of a name in Unicode, as it comes in requests (RFC 5890 §2.3.2.1). */
const A_LABEL = /(?:^|\.)xn--/

/** What a `Host` field says, in its one spelling. */
export interface HostName {
  /** In lower case and without the dot that ends a complete name; an IPv6 address in brackets. */
  readonly name: string
  /** The same, and its port where it has one. */
  readonly host: string
}

/** What a text was found to say. */
interface Known {
  readonly text: string
  readonly host: HostName
}

const MEMO_LIMIT = 1024
const memo = new Map<string, Known>()

/** What came last: most requests are for the same host, and to compare it is cheaper than to look it up. */
let last: Known | undefined

/**
 * Reads a `Host` field. Null: it does not name one host in one way. A name that a URL parser would write differently
 * (`127.1`, `0x7f.0.0.1`, `[0::1]`), an A-label that stands for no name (`xn--a`), an empty label and a name in Unicode
 * are refused; case and a final dot do not count, and what is forwarded has neither.
 */
export function readHost(text: string): HostName | null {
  if (last?.text === text) return last.host
  const known = memo.get(text)
  if (known !== undefined) return (last = known).host
  const [, written = '', port = ''] = HOST.exec(text) ?? []
  const name = canonicalName(keptText(written))
  if (name === null || Number(port) > 65_535) return null
  const host = { name, host: port === '' ? name : `${name}:${port}` }
  if (memo.size >= MEMO_LIMIT) memo.clear()
  last = { text: keptText(text), host }
  memo.set(last.text, last)
  return host
}

/** Says whether a name is one of those that patterns stand for. */
export type HostMatcher = (name: string) => boolean

/**
 * Checks a host of a route: a name, an IP address (IPv6 in brackets), or `*.` and a name, where `*` stands for exactly
 * one label, as in certificates.
 *
 * @returns The host in its one spelling, lower case.
 * @throws {TypeError} for what no request could ever name.
 */
export function parseRouteHost(text: string): string {
  const wildcard = text.startsWith('*.')
  const written = wildcard ? text.slice(2) : text
  if (written.includes('*')) {
    throw new TypeError('may contain "*" only as its first label, e.g. *.example.org')
  }
  const name = canonicalName(written)
  if (name !== null && !(wildcard && isAddress(name))) return wildcard ? `*.${name}` : name
  if (/:\d+$/.test(text)) {
    throw new TypeError('must not have a port: a request is matched by the name alone')
  }
  throw new TypeError(
    isUnicode(text)
      ? `must be written in ASCII, as it comes in requests: ${asciiOf(text)}`
      : 'must be a host name or an IP address, e.g. api.example.org, *.example.org or [::1]',
  )
}

/** Makes the matcher for the hosts of a route. */
export function createHostMatcher(patterns: readonly string[]): HostMatcher {
  const all = new Set(patterns)
  const wildcards = patterns.some((pattern) => pattern.startsWith('*.'))
  return (name) => {
    if (all.has(name)) return true
    const dot = wildcards ? name.indexOf('.') : -1
    return dot > 0 && all.has(`*${name.slice(dot)}`)
  }
}

/** Whether every host that `later` stands for is one of `earlier`; undefined stands for all. */
export function coversHosts(
  earlier: readonly string[] | undefined,
  later: readonly string[] | undefined,
): boolean {
  if (earlier === undefined) return true
  if (later === undefined) return false
  const covered = createHostMatcher(earlier)
  return later.every((pattern) => covered(pattern))
}

function canonicalName(written: string): string | null {
  const name = written.toLowerCase().replace(/\.$/, '')
  if (name === '' || name.length > 253) return null
  if (!name.startsWith('[') && !LABELS.test(name)) return null
  return hostnameOf(name) === name && (!A_LABEL.test(name) || isInternational(name)) ? name : null
}

/** Whether each A-label is the one spelling of a name in Unicode: URL parsers of Node 24 take any, others do not. */
function isInternational(name: string): boolean {
  const unicode = domainToUnicode(name)
  // Not `URL.canParse`: once it is compiled, that of Node 20 refuses letters beyond ASCII that fit into a byte.
  return !A_LABEL.test(unicode) && domainToASCII(unicode) === name
}

function hostnameOf(name: string): string | null {
  const url = `http://${name}`
  return URL.canParse(url) ? new URL(url).hostname : null
}

function isAddress(name: string): boolean {
  return name.startsWith('[') || /^[\d.]+$/.test(name)
}

function isUnicode(text: string): boolean {
  return /[^\x20-\x7e]/.test(text)
}

function asciiOf(text: string): string {
  const name = domainToASCII(text.replace(/^\*\./, ''))
  if (name === '') return 'its labels begin with xn--'
  return (text.startsWith('*.') ? '*.' : '') + name
}

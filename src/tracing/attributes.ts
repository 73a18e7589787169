import type { Attributes } from '@opentelemetry/api'

/** The module of the API, once it is loaded: nothing here imports it by itself. */
export type Api = typeof import('@opentelemetry/api')

/** Methods that have a name of their own in traces; what else a client sends is `_OTHER`. */
const METHODS = new Set([
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'QUERY',
  'TRACE',
])

/** Shows a method (semantic conventions for HTTP). */
export function methodAttributes(method: string): Attributes {
  if (METHODS.has(method)) return { 'http.request.method': method }
  return { 'http.request.method': '_OTHER', 'http.request.method_original': method }
}

/** Shows the server that a URL names; nothing where it names none. */
export function serverAttributes(url: string): Attributes {
  if (!URL.canParse(url)) return {}
  const { protocol, hostname, port } = new URL(url)
  if (hostname === '') return {}
  return {
    'server.address': hostname.replace(/^\[|\]$/g, ''),
    'server.port': port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
  }
}

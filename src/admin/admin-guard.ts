import { createHash, timingSafeEqual } from 'node:crypto'

import { isExposed } from '../http-client/index.ts'
import { ProblemError } from './problem.ts'

/** Options of {@link createAdminGuard}. */
export interface AdminGuardOptions {
  /** Host that the admin listener is bound to. */
  readonly host: string
  /** What must be sent as `Authorization: Bearer`. Without it only a loopback listener takes orders. */
  readonly token?: string | undefined
}

/** Says why the sender of these header fields may give no orders; null: it may. */
export type AdminGuard = (headers: Headers) => ProblemError | null

const REALM = 'Bearer realm="onegate admin"'

/**
 * Makes the guard before everything that changes or tells something: an admin token, or else a loopback listener, which
 * a browser on this machine must not be led to by a name of somebody else's (DNS rebinding).
 *
 * @throws {TypeError} for an empty token.
 */
export function createAdminGuard({ host, token }: AdminGuardOptions): AdminGuard {
  if (token === '') throw new TypeError('"token" is empty; leave it out, or give one')
  const loopback = isLoopbackHost(host)
  const wanted = token === undefined ? null : digestOf(token)

  return function refusalOf(headers) {
    if (loopback && !isLoopback(headers.get('Host') ?? '')) {
      return new ProblemError(
        403,
        'Host must name this machine: the admin listener is on a loopback address',
      )
    }
    if (wanted === null) {
      if (loopback) return null
      return new ProblemError(
        403,
        'The admin listener can be reached by others and there is no admin token: set adminTokenFile (ONEGATE_ADMIN_TOKEN_FILE), or listen on 127.0.0.1 (adminListen)',
      )
    }
    const credentials = headers.get('Authorization')
    if (credentials === null) {
      return new ProblemError(401, 'Send the admin token as Authorization: Bearer', {
        'WWW-Authenticate': REALM,
      })
    }
    const given = /^bearer +(.*)$/i.exec(credentials)?.[1] ?? ''
    // Digests have one length, whatever was sent, and tell nothing of it by the time they take to compare.
    if (timingSafeEqual(digestOf(given), wanted)) return null
    return new ProblemError(401, 'This is not the admin token of this gateway', {
      'WWW-Authenticate': `${REALM}, error="invalid_token"`,
    })
  }
}

/** Whether an address that a listener is bound to can be reached from this machine only. */
export function isLoopbackHost(host: string): boolean {
  return isLoopback(host.includes(':') ? `[${host}]` : host)
}

/** @param host With or without port, an IPv6 address in brackets. */
function isLoopback(host: string): boolean {
  const url = `http://${host}/`
  return /^[\w.:[\]-]+$/.test(host) && URL.canParse(url) && !isExposed(url)
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

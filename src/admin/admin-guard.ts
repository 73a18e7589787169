import { createHash, timingSafeEqual } from 'node:crypto'

import { namesThisMachine } from '../loopback-host.ts'
import { ProblemError } from './problem.ts'

/** Options of {@link createAdminGuard}. */
export interface AdminGuardOptions {
  /** Host that the admin listener is bound to. */
  readonly host: string
  /** What must be sent as `Authorization: Bearer`. Without it only a loopback listener takes orders. */
  readonly token?: string | undefined
}

/** Says why the sender of these header fields may not do it; null: it may. */
export type AdminGuard = (headers: Headers) => ProblemError | null

/** Guards of the admin window. */
export interface AdminGuards {
  /** Before orders, and what tells of single requests. */
  readonly orders: AdminGuard
  /** Before what anybody may read who reaches the listener. A probe may name no host, as browsers cannot. */
  readonly reading: AdminGuard
}

const REALM = 'Bearer realm="onegate admin"'

/**
 * Makes the guards. Before everything that changes or tells something: an admin token, or else a loopback listener. A
 * browser on this machine must not be led to that by a name of somebody else's (DNS rebinding), not to read, either.
 *
 * @throws {TypeError} for an empty token.
 */
export function createAdminGuards({ host, token }: AdminGuardOptions): AdminGuards {
  if (token === '') throw new TypeError('"token" is empty; leave it out, or give one')
  const loopback = isLoopbackHost(host)
  const wanted = token === undefined ? null : digestOf(token)

  const reading: AdminGuard = (headers) => {
    const named = headers.get('Host')
    return !loopback || named === null || namesThisMachine(named) ? null : foreignHost()
  }

  const orders: AdminGuard = (headers) => {
    if (loopback && !namesThisMachine(headers.get('Host') ?? '')) return foreignHost()
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
  return { orders, reading }
}

/** Whether an address that a listener is bound to can be reached from this machine only. */
export function isLoopbackHost(host: string): boolean {
  return namesThisMachine(host.includes(':') ? `[${host}]` : host)
}

function foreignHost(): ProblemError {
  return new ProblemError(
    403,
    'Host must name this machine: the admin listener is on a loopback address',
  )
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

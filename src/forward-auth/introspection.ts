import { createHash, timingSafeEqual } from 'node:crypto'

import type { Answer, Decision, Granted, RouteAuthenticator } from '../authenticator/index.ts'
import { onlyValue } from '../authenticator/index.ts'
import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import type { Incoming, Outgoing } from '../listener/index.ts'
import { serializeSubject } from '../token/index.ts'
import { send, sendRefusal } from './reply.ts'

/** A party that may ask about tokens. */
export interface IntrospectionClient {
  readonly id: string
  readonly secret: string
}

/** Interfaces that a client may say the token came through. */
type AskedInterface = 'rest' | 'oneclient' | 'graphsync' | null

/** Options of {@link createIntrospection}. */
export interface IntrospectionOptions {
  readonly clients: readonly IntrospectionClient[]
  /** The authenticator of tokens that came through an interface; null: through none that is known. */
  readonly authenticatorFor: (door: AskedInterface) => RouteAuthenticator
  /** What is said may be believed for so long after the question behind it was sent, in milliseconds. */
  readonly stalenessBoundMs: number
  /** `iss`. @default none */
  readonly issuer?: string | undefined
  /** @default systemClock */
  readonly clock?: Clock | undefined
}

/** Answers questions about tokens (RFC 7662). */
export type Introspection = (incoming: Incoming, outgoing: Outgoing) => Promise<void> | void

/** Where they are asked. */
export const INTROSPECTION_PATH = '/introspect'

/** What is used where it is left out. */
export const INTROSPECTION_DEFAULTS = { token: 'access', interface: null } as const

/** A token of 8 KiB, percent-encoded in whole, and what else there is to say. */
const LONGEST_FORM = 32 * 1024

const INACTIVE = '{"active":false}'

/**
 * Makes what answers token introspection, for products that know only that: Apache, APISIX, Kong, Spring. What it says
 * of a good token ends with the bound on the age of facts, since those who ask remember an answer until its `exp`.
 *
 * @throws {TypeError} for clients that nobody could tell apart.
 */
export function createIntrospection(options: IntrospectionOptions): Introspection {
  const { clients, authenticatorFor, stalenessBoundMs, issuer, clock = systemClock } = options
  const ids = new Set(clients.map(({ id }) => id))
  if (clients.length === 0 || ids.size < clients.length) {
    throw new TypeError('introspection needs at least one client, each with an id of its own')
  }
  const digests = clients.map(({ id, secret }) => ({ id, digest: digestOf(secret) }))
  const authenticators = new Map<AskedInterface, RouteAuthenticator>(
    ([null, 'rest', 'oneclient', 'graphsync'] as const).map((door) => [
      door,
      authenticatorFor(door),
    ]),
  )

  /** By Basic (RFC 6749 §2.3.1) with id and secret, or by Bearer with the secret alone. */
  function isClient(authorization: string): boolean {
    const [, scheme = '', given = ''] = /^(basic|bearer) +(\S+)$/i.exec(authorization) ?? []
    let [id, secret]: (string | null)[] = [null, given]
    if (scheme.toLowerCase() === 'basic') {
      const [, user = '', password = ''] =
        /^([^:]*):(.*)$/s.exec(Buffer.from(given, 'base64').toString()) ?? []
      ;[id, secret] = [decode(user), decode(password)]
    } else if (scheme === '') {
      return false
    }
    const digest = digestOf(secret ?? '')
    // All are compared, whichever it is.
    return (
      digests.filter(
        (known) => timingSafeEqual(known.digest, digest) && (id === null || id === known.id),
      ).length > 0
    )
  }

  function introspect(form: URLSearchParams, reply: Reply): Promise<void> | void {
    const [token = '', ...others] = form.getAll('token')
    const door = form.get('interface')
    const authenticator = authenticators.get(door as AskedInterface)
    const isText = /^[\x21-\x7e]+$/.test(token)
    if (others.length > 0 || token === '' || authenticator === undefined) return reply.refuse(400)
    if (!isText) return reply.say(INACTIVE)
    const decided = authenticator.authenticate({
      rawHeaders: ['X-Auth-Token', token],
      remoteAddress: form.get('peer_ip') ?? undefined,
      secure: true,
      // So that what is said can be believed for half of the bound at least.
      maxFactAgeMs: stalenessBoundMs / 2,
    })
    if (!(decided instanceof Promise)) return conclude(decided, reply)
    return decided.then((decision) => conclude(decision, reply))
  }

  function conclude(decision: Decision, reply: Reply): void {
    if (decision.outcome === 'granted') return reply.say(describe(decision))
    const { answer } = decision
    if (answer.status >= 500 || answer.status === 429) reply.fail(answer)
    else reply.say(INACTIVE)
  }

  function describe({ identity, askedAtMs }: Granted): string {
    if (identity === null) return INACTIVE
    const { subject, token, scopes } = identity
    const ageMs = askedAtMs === null ? 0 : clock.monotonic() - askedAtMs
    const believedUntil = Math.floor((clock.now() - ageMs + stalenessBoundMs) / 1000)
    return JSON.stringify({
      active: true,
      sub: serializeSubject(subject),
      iss: issuer,
      token_type: 'Bearer',
      iat: Math.floor((clock.now() - ageMs) / 1000),
      exp: Math.min(believedUntil, token.expiresAt ?? believedUntil),
      client_id: subject.id,
      ...(scopes === null ? {} : { scope: scopes.join(' ') }),
      onedata: {
        subject_type: subject.type,
        subject_id: subject.id,
        token_id: token.id,
        token_type: token.type,
        token_expires: token.expiresAt,
      },
    })
  }

  return function serve(incoming, outgoing) {
    const reply = replyTo(incoming, outgoing)
    const { rawHeaders, method } = incoming
    if (method !== 'POST') return reply.refuse(405)
    if (!isClient(onlyValue(rawHeaders, 'authorization') ?? '')) return reply.refuse(401)
    const type = onlyValue(rawHeaders, 'content-type') ?? ''
    if (!/^application\/x-www-form-urlencoded(?:\s*;|$)/i.test(type)) return reply.refuse(415)
    let body = ''
    incoming.on('data', (chunk) => {
      body += chunk.toString('latin1')
      if (body.length > LONGEST_FORM) reply.refuse(413)
    })
    const asked = new Promise<void>((resolve) => incoming.on('end', resolve))
    incoming.resume()
    return asked.then(() =>
      outgoing.headersSent ? undefined : introspect(new URLSearchParams(body), reply),
    )
  }
}

/** The ways in which a question can be answered. */
interface Reply {
  say(body: string): void
  refuse(status: keyof typeof REFUSALS): void
  fail(answer: Answer): void
}

/** Bodies as RFC 6749 §5.2 has them. */
const REFUSALS = {
  400: ['invalid_request', []],
  401: ['invalid_client', ['WWW-Authenticate', 'Basic realm="onegate introspection"']],
  405: ['invalid_request', ['Allow', 'POST']],
  413: ['invalid_request', []],
  415: ['invalid_request', []],
} as const

function replyTo(incoming: Incoming, outgoing: Outgoing): Reply {
  const sendJson = (status: number, fields: readonly string[], body: string): void => {
    if (outgoing.destroyed || outgoing.headersSent) return
    const length = String(Buffer.byteLength(body))
    send(
      incoming,
      outgoing,
      status,
      [
        ...fields,
        'Content-Type',
        'application/json',
        'Cache-Control',
        'no-store',
        'Content-Length',
        length,
      ],
      body,
    )
  }
  return {
    say: (body) => sendJson(200, [], body),
    refuse(status) {
      const [error, fields] = REFUSALS[status]
      sendJson(status, fields, JSON.stringify({ error }))
    },
    fail(answer) {
      if (!outgoing.destroyed)
        sendRefusal(incoming, outgoing, null, { outcome: 'refused', answer, allow: [] })
    },
  }
}

/** What form-encoding made of an id or a secret; as it is where it is no such text. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text.replace(/\+/g, ' '))
  } catch {
    return text
  }
}

function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BlockList, isIP } from 'node:net'
import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import type { CaveatInput, Subject, TokenType } from '../token/index.ts'
import { refusals, valueOrThrow } from './answers.ts'
import type { CallCounts } from './calls.ts'
import { createCallCounter } from './calls.ts'
import { CONTROL_PREFIX, createControlApi, validateClock } from './control-api.ts'
import type { FaultRule } from './faults.ts'
import { createFaultPlan, validateFaultRules } from './faults.ts'
import type { NamedToken } from './issuing.ts'
import { createNamedToken, createTemporaryToken, modifyNamedToken } from './issuing.ts'
import { createRestApi } from './rest-api.ts'
import { createOnezoneState } from './state.ts'
import type { GeoRecord, World, WorldChange, WorldProvider, WorldUser } from './world.ts'
import { DEMO_WORLD } from './world.ts'
import { validateWorld, validateWorldChange } from './world-validation.ts'

export interface DevOnezoneOptions {
  /** Address to listen on. Other than loopback only with {@link iKnowThisIsNotOnezone}. @default '127.0.0.1' */
  readonly host?: string
  /** TCP port, 0 to 65535; 0 picks a free one. @default 0 */
  readonly port?: number
  /** What it knows at the start. @default DEMO_WORLD: users `alice` and `bob`, provider `krakow` */
  readonly world?: World
  /**
   * Whether everybody who reaches it may rule it: the API under `/control/`, and the header
   * `X-Control-Auth: nobody | user:ID | provider:ID`, which sets the caller of a request without credentials.
   *
   * @default false
   */
  readonly control?: boolean
  /** The time, as long as no other is set. @default the clock of this machine */
  readonly clock?: Clock
  /** Takes the place of the world's. @default that of the world */
  readonly onezoneDomain?: string
  /** How far in the future the time caveat of a new temporary token may lie, in seconds. @default 2_592_000 (30 days) */
  readonly maxTemporaryTokenTtlSeconds?: number
  /** What is known about an IPv4 address; null: nothing. Takes the place of the world's table. @default that table */
  readonly geo?: (ip: string) => GeoRecord | null
  /**
   * Whether callers need the permissions that Onezone asks for (Onezone API, §7.2). Without them everybody who reaches it
   * may create, read and revoke everybody's tokens; the verification vectors were recorded so.
   *
   * @default true
   */
  readonly permissions?: boolean
  /**
   * Allows to listen on any address. Not for production: its secrets are made up, and with `control` or without
   * `permissions` everybody who reaches it rules it.
   *
   * @default false
   */
  readonly iKnowThisIsNotOnezone?: boolean
}

/** A temporary token to create. */
export interface NewTemporaryToken {
  /** An existing user or provider. */
  readonly subject: Subject
  /** @default an access token without session */
  readonly type?: TokenType
  /** In their order. @default [] */
  readonly caveats?: readonly CaveatInput[]
  /**
   * For how long it is good, in seconds; written behind `caveats` unless there is a time caveat among them.
   *
   * @default 3600
   */
  readonly validForSeconds?: number
}

/** A named token to create. */
export interface NewNamedToken {
  /** An existing user or provider. */
  readonly subject: Subject
  /** Unique among the subject's tokens; 2 to 128 characters (Onezone API, §7.6). */
  readonly name: string
  /** @default an access token without session */
  readonly type?: TokenType
  /** In their order. @default [] */
  readonly caveats?: readonly CaveatInput[]
  /** @default false */
  readonly revoked?: boolean
}

/**
 * A development Onezone that listens. What the methods do is what the REST API does, on the same state; what it would
 * refuse they throw as `OnezoneApiError`. Input of a wrong shape is a `ConfigError`.
 */
export interface DevOnezone {
  /** Base URL, without a slash at the end. */
  readonly url: string
  readonly port: number

  /** Adds a user, or changes the given keys of one. */
  createUser(id: string, user?: WorldUser): void
  /** Adds a provider, or changes the given keys of one. */
  createProvider(id: string, provider?: WorldProvider): void
  createTemporaryToken(token: NewTemporaryToken): string
  createNamedToken(token: NewNamedToken): NamedToken
  /** Starts a new generation: all temporary tokens of the subject are dead for ever. */
  revokeTemporaryTokens(subject: Subject): void
  /** Revocation of named tokens can be undone. */
  setNamedTokenRevoked(tokenId: string, revoked: boolean): void
  deleteNamedToken(tokenId: string): void
  /** Blocking ends all sessions of the user, for good. */
  setUserBlocked(id: string, blocked: boolean): void

  /** Forgets everything and starts anew. The clock and the faults stay. */
  setWorld(world: World): void
  patchWorld(change: WorldChange): void
  /** Stops the clock at this second since 1970; `null`: back to the clock of the options. */
  setClock(seconds: number | null): void
  /** Replaces all fault rules; an empty list clears them. */
  setFaults(rules: readonly FaultRule[]): void
  /** How often each operation was called over HTTP since the start or the last reset. */
  calls(): CallCounts
  resetCalls(): void
  /** Stops listening and breaks all connections at once, hanging requests included. */
  close(): Promise<void>
}

/**
 * Starts a development Onezone: it issues and verifies real tokens, for a world that is made up.
 *
 * @throws {TypeError} naming the option that is wrong
 * @throws {ConfigError} with every problem of the world
 */
export async function createDevOnezone(options: DevOnezoneOptions = {}): Promise<DevOnezone> {
  const { host = '127.0.0.1', port = 0, control = false, clock = systemClock } = options
  checkOptions(options)

  const calls = createCallCounter()
  const faults = createFaultPlan()
  const state = createOnezoneState({
    world: validateWorld(options.world ?? DEMO_WORLD),
    clock,
    maxTemporaryTokenTtlSeconds: options.maxTemporaryTokenTtlSeconds ?? THIRTY_DAYS_SECONDS,
    onezoneDomain: options.onezoneDomain,
    geo: options.geo,
  })
  const { permissions = true } = options
  const answerRest = createRestApi({ state, calls, faults, control, permissions })
  const answerControl = createControlApi({ state, calls, faults })

  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    const controls = control && (request.url ?? '').startsWith(CONTROL_PREFIX)
    const answer = controls ? answerControl : answerRest
    answer(request, response).catch((error: unknown) => fail(request, response, error))
  })
  const address = await listen(server, host, port)

  return {
    url: `http://${isIP(host) === 6 ? `[${host}]` : host}:${address.port}`,
    port: address.port,

    createUser(id, user = {}) {
      state.patchWorld(validateWorldChange({ users: { [id]: user } }))
    },
    createProvider(id, provider = {}) {
      state.patchWorld(validateWorldChange({ providers: { [id]: provider } }))
    },
    createTemporaryToken({ subject, type, caveats = [], validForSeconds = 3600 }) {
      const limited = caveats.some((caveat) => caveat.type === 'time')
      const validUntil = state.nowSeconds() + validForSeconds
      const allCaveats = limited ? caveats : [...caveats, { type: 'time', validUntil }]
      const issue = { state, subject, checksInvitations: false }
      const created = createTemporaryToken(issue, { type, caveats: allCaveats })
      return valueOrThrow(created, 'Creating a temporary token')
    },
    createNamedToken({ subject, ...token }) {
      const issue = { state, subject, checksInvitations: false }
      return valueOrThrow(createNamedToken(issue, { ...token }), 'Creating a named token')
    },
    revokeTemporaryTokens(subject) {
      state.renewTemporarySecret(subject)
    },
    setNamedTokenRevoked(tokenId, revoked) {
      const record = valueOrThrow(state.namedToken(tokenId) ?? refusals.notFound(), 'Revoking')
      valueOrThrow(modifyNamedToken(state, record, { revoked }), 'Revoking a named token')
    },
    deleteNamedToken(tokenId) {
      if (!state.dropNamedToken(tokenId)) {
        valueOrThrow(refusals.notFound(), 'Deleting a named token')
      }
    },
    setUserBlocked(id, blocked) {
      valueOrThrow(state.user(id) ?? refusals.notFound(), 'Blocking a user')
      state.setUserBlocked(id, blocked)
    },

    setWorld: (world) => state.setWorld(validateWorld(world)),
    patchWorld: (change) => state.patchWorld(validateWorldChange(change)),
    setClock: (now) => state.setClock(validateClock({ now })),
    setFaults: (rules) => faults.replace(validateFaultRules(rules)),
    calls: () => calls.counts(),
    resetCalls: () => calls.reset(),
    close: () => close(server),
  }
}

const THIRTY_DAYS_SECONDS = 30 * 24 * 3600

/** Tokens travel in headers, and 16 KiB, the default of Node, hold few of the long ones. */
const MAX_HEADER_BYTES = 64 * 1024

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

function checkOptions(options: DevOnezoneOptions): void {
  const { host = '127.0.0.1', port = 0, maxTemporaryTokenTtlSeconds = 1 } = options
  if (!isLoopback(host) && options.iKnowThisIsNotOnezone !== true) {
    throw new TypeError(
      `"host" is ${host}, which others may reach, and this Onezone is for development only. ` +
        'Listen on 127.0.0.1, or set "iKnowThisIsNotOnezone" to true.',
    )
  }
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new TypeError(`"port" must be an integer from 0 to 65535, got ${port}`)
  }
  if (!Number.isInteger(maxTemporaryTokenTtlSeconds) || maxTemporaryTokenTtlSeconds < 1) {
    throw new TypeError('"maxTemporaryTokenTtlSeconds" must be an integer of 1 or more')
  }
  if (options.onezoneDomain === '') throw new TypeError('"onezoneDomain" must not be empty')
}

function isLoopback(host: string): boolean {
  const version = isIP(host)
  if (version === 0) return host === 'localhost'
  return LOOPBACK.check(host, version === 4 ? 'ipv4' : 'ipv6')
}

function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve(server.address() as AddressInfo)
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** A request that broke off needs no answer; any other exception is the server's own fault, and is shown. */
function fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (request.destroyed || response.headersSent) {
    response.destroy()
    return
  }
  process.emitWarning(error instanceof Error ? error : String(error))
  response.writeHead(500).end()
}

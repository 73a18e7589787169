import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BlockList, isIP } from 'node:net'
import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import { namesThisMachine } from '../loopback-host.ts'
import type { OptionShape } from '../option-shape.ts'
import {
  CALLBACK,
  checkOptions,
  CLOCK,
  FLAG,
  JUDGED_ELSEWHERE,
  TEXT,
  textLike,
  wholeNumber,
} from '../option-shape.ts'
import type { CallCounts } from './calls.ts'
import { createCallCounter } from './calls.ts'
import { CONTROL_PREFIX, createControlApi, validateClock } from './control-api.ts'
import type { DirectMethods } from './direct-methods.ts'
import { createDirectMethods } from './direct-methods.ts'
import type { FaultRule } from './faults.ts'
import { createFaultPlan, validateFaultRules } from './faults.ts'
import { hasReadableHost } from './incoming.ts'
import { problemReply, sendReply } from './reply.ts'
import { createRestApi } from './rest-api.ts'
import { createOnezoneState } from './state.ts'
import type { StateFile } from './state-file.ts'
import { openStateFile } from './state-file.ts'
import { createStateKeeper, forgetful } from './state-keeper.ts'
import type { GeoRecord, World } from './world.ts'
import { DEMO_WORLD } from './world.ts'
import { validateWorld } from './world-validation.ts'

export interface DevOnezoneOptions {
  /** Address to listen on. Other than loopback only with {@link iKnowThisIsNotOnezone}. @default '127.0.0.1' */
  readonly host?: string
  /** TCP port, 0 to 65535; 0 picks a free one. @default 0 */
  readonly port?: number
  /** What it knows at the start. @default DEMO_WORLD: users `alice`, `bob` and `admin`, provider `krakow` */
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
  /**
   * How far in the future the time caveat of a new temporary token may lie, in seconds. @default 2_592_000 (30 days)
   */
  readonly maxTemporaryTokenTtlSeconds?: number
  /** What is known about an IPv4 address; null: nothing. Takes the place of the world's table. @default that table */
  readonly geo?: (ip: string) => GeoRecord | null
  /**
   * File in which the world, the tokens, their secrets and generations are kept across restarts, readable for its owner
   * only. If it exists, it takes the place of {@link DevOnezoneOptions.world}. A change is on the disk before its
   * answer is sent, or its method returns; the whole file is written each time, so it is meant for thousands of tokens,
   * not millions. One process at a time may have it: `FILE.lock` lies beside it.
   *
   * @default none: everything is forgotten at the end
   */
  readonly stateFile?: string
  /**
   * Whether callers need the permissions that Onezone asks for (Onezone API, §7.2). Without them everybody who reaches
   * it may create, read and revoke everybody's tokens; the verification vectors were recorded so.
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

const DEV_ONEZONE_OPTIONS: OptionShape<DevOnezoneOptions> = {
  host: TEXT,
  port: wholeNumber([0, 65_535]),
  world: JUDGED_ELSEWHERE,
  control: FLAG,
  clock: CLOCK,
  onezoneDomain: textLike(/./s, 'a string that is not empty'),
  maxTemporaryTokenTtlSeconds: wholeNumber([1, Number.MAX_SAFE_INTEGER]),
  geo: CALLBACK,
  stateFile: TEXT,
  permissions: FLAG,
  iKnowThisIsNotOnezone: FLAG,
}

/** A development Onezone that listens. */
export interface DevOnezone extends DirectMethods {
  /** Base URL, without a slash at the end. */
  readonly url: string
  readonly port: number

  /** What time it is there, in milliseconds since 1970. */
  now(): number
  /** Stops the clock at this second since 1970; `null`: back to the clock of the options. */
  setClock(seconds: number | null): void
  /**
   * Calls a listener at once, before any answer, whenever a token may have ended or become good again: revocation,
   * deletion, a change of the world or of the clock, whoever made it.
   *
   * @returns removes the listener
   */
  onTokenFate(listener: () => void): () => void
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
 * @throws {ConfigError} with every problem of the world, or what is wrong with the state file
 */
export async function createDevOnezone(options: DevOnezoneOptions = {}): Promise<DevOnezone> {
  checkOptions('createDevOnezone', options, DEV_ONEZONE_OPTIONS)
  checkReach(options)

  const stateFile = options.stateFile === undefined ? null : openStateFile(options.stateFile)
  try {
    return await startOnezone(options, stateFile)
  } catch (error) {
    stateFile?.close()
    throw error
  }
}

async function startOnezone(
  options: DevOnezoneOptions,
  stateFile: StateFile | null,
): Promise<DevOnezone> {
  const { host = '127.0.0.1', port = 0, control = false, clock = systemClock } = options
  const { permissions = true } = options
  const calls = createCallCounter()
  const faults = createFaultPlan()
  const state = createOnezoneState({
    world: stateFile?.world ?? validateWorld(options.world ?? DEMO_WORLD),
    clock,
    maxTemporaryTokenTtlSeconds: options.maxTemporaryTokenTtlSeconds ?? THIRTY_DAYS_SECONDS,
    onezoneDomain: options.onezoneDomain,
    geo: options.geo,
  })
  const keeper = stateFile === null ? forgetful : createStateKeeper(state, stateFile)
  keeper.save()
  const answerRest = createRestApi({ state, keeper, calls, faults, control, permissions })
  const answerControl = createControlApi({ state, keeper, calls, faults })

  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    // By the clock that tokens are judged by, as at Onezone, which may be set.
    response.setHeader('Date', new Date(state.nowMs()).toUTCString())
    const controls = control && (request.url ?? '').startsWith(CONTROL_PREFIX)
    // A page whose name was bent to this machine must not play fate, nor read what is meant for its user. What names no
    // host at all is the API's to refuse, as the original does.
    const isForeign = isLoopback(host) && !namesThisMachine(request.headers.host ?? 'localhost')
    if (isForeign && (controls || hasReadableHost(request))) {
      const message = 'must name this machine: this Onezone listens on a loopback address'
      return sendReply(response, problemReply(403, [{ path: 'Host', message }]))
    }
    const answer = controls ? answerControl : answerRest
    answer(request, response).catch((error: unknown) => fail(request, response, error))
  })
  const address = await listen(server, host, port)

  return {
    url: `http://${isIP(host) === 6 ? `[${host}]` : host}:${address.port}`,
    port: address.port,

    ...createDirectMethods(state, keeper),
    now: () => state.nowMs(),
    setClock: (now) => state.setClock(validateClock({ now })),
    onTokenFate: (listener) => state.onTokenFate(listener),
    setFaults: (rules) => faults.replace(validateFaultRules(rules)),
    calls: () => calls.counts(),
    resetCalls: () => calls.reset(),
    async close() {
      await close(server)
      keeper.close()
    },
  }
}

const THIRTY_DAYS_SECONDS = 30 * 24 * 3600

/** Tokens travel in headers, and 16 KiB, the default of Node, hold few of the long ones. */
const MAX_HEADER_BYTES = 64 * 1024

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

function checkReach(options: DevOnezoneOptions): void {
  const { host = '127.0.0.1' } = options
  if (!isLoopback(host) && options.iKnowThisIsNotOnezone !== true) {
    throw new TypeError(
      `"host" is ${host}, which others may reach, and this Onezone is for development only. ` +
        'Listen on 127.0.0.1, or set "iKnowThisIsNotOnezone" to true.',
    )
  }
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
  if (request.errored !== null || response.headersSent) {
    response.destroy()
    return
  }
  process.emitWarning(error instanceof Error ? error : String(error))
  response.writeHead(500).end()
}

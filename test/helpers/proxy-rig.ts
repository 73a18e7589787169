import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

import { onTestFinished } from 'vitest'

import type { RoutePolicy } from '../../src/authenticator/index.ts'
import { createAuthenticator } from '../../src/authenticator/index.ts'
import type { Clock } from '../../src/clock.ts'
import { systemClock } from '../../src/clock.ts'
import { attachDoor } from '../../src/listener/attach-door.ts'
import { createFastLane } from '../../src/listener/fast-lane.ts'
import type { Logger } from '../../src/logger.ts'
import type {
  ProxyRoute,
  RequestEvent,
  ReverseProxy,
  ReverseProxyOptions,
  StreamEvent,
  StreamOptions,
  UpstreamEvent,
  UpstreamTimeouts,
} from '../../src/proxy/index.ts'
import { createReverseProxy } from '../../src/proxy/index.ts'
import type { SourcedVerdict, Verifier } from '../../src/verifier/index.ts'
import { accept, refuse } from '../../src/verifier/index.ts'
import type { FakeTime } from './fake-time.ts'
import { openRawClient } from './raw-client.ts'
import { mint } from './tokens.ts'

/** The only token that the rig's verifier accepts. It speaks for alice. */
export const TOKEN = mint()

/** The head of an authenticated request, after its request line. */
export const AUTHENTICATED = `Host: gw.test\r\nAuthorization: Bearer ${TOKEN}\r\n`

export interface RigRoute extends Pick<
  ProxyRoute,
  | 'path'
  | 'hosts'
  | 'methods'
  | 'stripPrefix'
  | 'maxBodyBytes'
  | 'bufferRequestBytes'
  | 'upstreamHeaders'
  | 'cors'
  | 'informational'
  | 'upstream'
> {
  readonly policy?: Partial<RoutePolicy>
  readonly timeouts?: UpstreamTimeouts
  readonly authenticator?: ProxyRoute['authenticator']
  readonly dispatcher?: ProxyRoute['dispatcher']
  readonly websocket?: boolean
}

export interface RigProxy {
  readonly requestEvents: RequestEvent[]
  readonly upstreamEvents: UpstreamEvent[]
  readonly streamEvents: StreamEvent[]
  readonly proxy: ReverseProxy
  /** Calls of the verifier. */
  readonly verifications: () => number
  /** Which upstreams are in use, in the order of the routes. */
  readonly up: () => boolean[]
}

export interface Rig extends RigProxy {
  readonly port: number
  readonly url: string
  readonly server: Server
}

export interface RigOptions {
  /** Answers the verifier's calls. @default accepts `TOKEN` at once */
  readonly verify?: () => SourcedVerdict | Promise<SourcedVerdict>
  readonly trustedProxies?: readonly string[]
  readonly limits?: ReverseProxyOptions['limits']
  readonly responseLimits?: ReverseProxyOptions['responseLimits']
  readonly clock?: Clock
  readonly logger?: Logger
  readonly streams?: StreamOptions
  /** What streams go by. @default the clock and the timers of this machine */
  readonly time?: FakeTime
  readonly onRequest?: (event: RequestEvent) => void
  readonly onUpstream?: (event: UpstreamEvent) => void
  /** Whether plain requests take the fast lane. @default true */
  readonly fastLane?: boolean
}

/** The verdict on `TOKEN`. */
export function accepted(clock: Clock = systemClock): SourcedVerdict {
  const subject = { type: 'user', id: 'alice' } as const
  return {
    verdict: accept({ subject, ttlSeconds: null, askedAtMs: clock.monotonic() }),
    source: 'onezone',
  }
}

export function refused(): SourcedVerdict {
  return { verdict: refuse('token_invalid', 0), source: 'onezone' }
}

/** Whether the whole suite goes without the fast lane, to show that it changes nothing. */
export const WITHOUT_LANE: boolean = process.env['TEST_FAST_LANE'] === 'off'

/** A proxy with the real authenticator and a verifier of the test's own, which nobody serves yet. */
export function createRigProxy(routes: readonly RigRoute[], options: RigOptions = {}): RigProxy {
  let verifications = 0
  const verifier: Verifier = {
    verify(request) {
      verifications++
      if (options.verify !== undefined) return options.verify()
      return request.token.serialized === TOKEN ? accepted(options.time?.clock) : refused()
    },
    close: () => Promise.resolve(),
  }
  const authenticator = createAuthenticator({
    verifier,
    trustedProxies: options.trustedProxies ?? [],
  })
  const requestEvents: RequestEvent[] = []
  const upstreamEvents: UpstreamEvent[] = []
  const streamEvents: StreamEvent[] = []
  const proxy = createReverseProxy({
    routes: routes.map((route, index) => ({
      id: `route-${index}`,
      path: route.path,
      hosts: route.hosts,
      methods: route.methods,
      stripPrefix: route.stripPrefix,
      maxBodyBytes: route.maxBodyBytes,
      bufferRequestBytes: route.bufferRequestBytes,
      upstreamHeaders: route.upstreamHeaders,
      cors: route.cors,
      informational: route.informational,
      upstream: route.upstream,
      authenticator:
        route.authenticator ??
        authenticator.route({ id: `route-${index}`, token: 'access', ...route.policy }),
      timeouts: route.timeouts,
      dispatcher: route.dispatcher,
      websocket: route.websocket,
    })),
    requestIdOf: authenticator.requestIdOf,
    limits: options.limits,
    responseLimits: options.responseLimits,
    clock: options.clock,
    logger: options.logger,
    ...(options.time !== undefined && { clock: options.time.clock }),
    streams: { schedule: options.time?.schedule, ...options.streams },
    onStream: (event) => streamEvents.push(event),
    onRequest: options.onRequest ?? ((event) => requestEvents.push(event)),
    onUpstream: options.onUpstream ?? ((event) => upstreamEvents.push(event)),
  })
  return {
    requestEvents,
    upstreamEvents,
    streamEvents,
    proxy,
    verifications: () => verifications,
    up: () => proxy.upstreams().map(({ up }) => up),
  }
}

/** The same, served on a free port. */
export async function startRig(
  routes: readonly RigRoute[],
  options: RigOptions = {},
): Promise<Rig> {
  const made = createRigProxy(routes, options)
  const { proxy } = made
  const server = createServer({
    IncomingMessage: proxy.requestClass,
    requestTimeout: 0,
    keepAliveTimeout: 5_000,
    requireHostHeader: false,
    maxHeaderSize: options.limits?.requestHeadBytes ?? 32 * 1024,
  })
  attachDoor(server, () => proxy)
  const { serve } = proxy
  const lane =
    options.fastLane === false || WITHOUT_LANE
      ? null
      : createFastLane({ server, serve, idleMs: 65_000 })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  proxy.opened()
  const connections = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
  })
  onTestFinished(async () => {
    lane?.close()
    for (const socket of connections) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
    await proxy.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    server,
    ...made,
  }
}

/** Has others answered: by then what was sent before them has gone as far as it can, through the same loops. */
export async function othersAnswered({ port }: Rig): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    const other = await openRawClient(port)
    other.send('GET /other HTTP/1.1\r\nHost: gw.test\r\n\r\n')
    await other.until('HTTP/1.1 4')
  }
}

import type { IncomingMessage, RequestOptions } from 'node:http'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction } from 'node:net'

import type { UpstreamSettings, UpstreamTls } from './upstream-options.ts'
import { serverNameOf, tlsMaterial } from './upstream-names.ts'
import type { UpstreamTarget } from './upstream-url.ts'

/** Options of {@link createHealthCheck}. */
export interface HealthCheckInput {
  readonly target: UpstreamTarget
  readonly check: NonNullable<UpstreamSettings['healthCheck']>
  /** What `Host` says. */
  readonly host: string
  readonly tls: UpstreamTls
  /** Looks names up. @default as the system does */
  readonly lookup?: LookupFunction | undefined
  /** 0 up to 1, for the time between checks. */
  readonly random: () => number
  /** Told of each check: null where it passed, else why it did not. */
  readonly onResult: (problem: string | null) => void
}

/** Asks one upstream again and again whether it is well. */
export interface HealthCheck {
  start(): void
  stop(): void
}

/** Gateways that start together must not ask together: the first check comes within this time. */
const FIRST_WITHIN_MS = 1_000

/** How far an interval may be from its mean, both ways. */
const JITTER = 0.2

/**
 * Makes the check of one upstream. It has a connection of its own each time, as a new client would, and carries nothing
 * of any client: no token, no identity. No redirect is followed, and no body is read.
 */
export function createHealthCheck(input: HealthCheckInput): HealthCheck {
  const { check, random, onResult } = input
  let timer: NodeJS.Timeout | null = null
  let abort: (() => void) | null = null
  let stopped = true

  const schedule = (delayMs: number): void => {
    timer = setTimeout(begin, delayMs).unref()
  }
  const begin = (): void => {
    abort = probe(input, (problem) => {
      if (stopped) return
      onResult(problem)
      schedule(check.intervalMs * (1 - JITTER + 2 * JITTER * random()))
    })
  }

  return {
    start() {
      if (!stopped) return
      stopped = false
      schedule(random() * Math.min(FIRST_WITHIN_MS, check.intervalMs))
    },
    stop() {
      stopped = true
      if (timer !== null) clearTimeout(timer)
      abort?.()
    },
  }
}

/** Sends one check and tells its outcome once. The function that is returned breaks it off. */
function probe(input: HealthCheckInput, tell: (problem: string | null) => void): () => void {
  const { target, check } = input
  let told = false
  const settle = (problem: string | null): void => {
    if (told) return
    told = true
    clearTimeout(timer)
    request.destroy()
    tell(problem)
  }
  const onResponse = ({ statusCode = 0 }: IncomingMessage): void => {
    settle(isExpected(statusCode, check.expect) ? null : `it answered ${statusCode}`)
  }
  const begin = target.origin.startsWith('https:') ? requestHttps : requestHttp
  const request = begin(requestOptions(input), onResponse)
  const timer = setTimeout(
    () => settle(`it did not answer within ${check.timeoutMs} ms`),
    check.timeoutMs,
  ).unref()
  request.on('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.name))
  // A 101 comes as an event of its own, and would be waited for until the timeout.
  request.on('upgrade', (_response, socket) => {
    socket.destroy()
    settle('it switched protocols')
  })
  request.end()
  return () => settle(null)
}

function requestOptions({ target, check, host, tls, lookup }: HealthCheckInput): RequestOptions {
  const { hostname, port, protocol } = new URL(target.origin)
  const common = {
    method: 'GET',
    path: target.basePath + check.path,
    headers: {
      Host: host,
      'User-Agent': 'onegate-health-check',
      Accept: '*/*',
      Connection: 'close',
    },
    agent: false as const,
  }
  if (target.socketPath !== null) return { ...common, socketPath: target.socketPath }
  const place = {
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? undefined : port,
    lookup,
  }
  if (protocol === 'http:') return { ...common, ...place }
  // Node would ask for the name that `Host` says.
  const servername = serverNameOf(hostname, tls)
  const secure = { ...tlsMaterial(tls), servername, rejectUnauthorized: true }
  return { ...common, ...place, ...secure }
}

function isExpected(status: number, expected: readonly number[]): boolean {
  return expected.length === 0 ? status >= 200 && status < 300 : expected.includes(status)
}

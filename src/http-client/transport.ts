import type { Dispatcher } from 'undici'

import type { PeerFaultError } from '../errors.ts'
import { createAdmission } from './admission.ts'
import { readAnswer, readDate, readRetryAfter } from './answer.ts'
import { createBackOff } from './back-off.ts'
import { CallEnd } from './call-end.ts'
import type { ClientSettings } from './client-options.ts'
import { exchange, FailedExchange, type Answer, type ExchangeRequest } from './exchange.ts'
import type { HttpAnswer, HttpCall } from './http-call.ts'
import { shownProxy } from './proxy-url.ts'
import { createRetryBudget } from './retry-budget.ts'
import { checkRuntime, createServerDispatcher } from './server-dispatcher.ts'

/** Performs operations of an API over HTTP. */
export interface HttpTransport {
  /** Rejects with the fault of the peer where that gave no usable answer. */
  call<Result, ErrorBody>(call: HttpCall<Result, ErrorBody>): Promise<HttpAnswer<Result, ErrorBody>>
  /** Refuses further calls, waits for those under way (at most their deadline), closes all connections. */
  close(): Promise<void>
}

/** The status by which a server says that it is asked too often (RFC 6585 §4). */
const TOO_MANY = 429
/** A call that waited longer in our queue, as a part of its time, had too little left to blame the server for. */
const SHORT_WAIT = 0.1
const RETRY_PAUSE_MS = { least: 50, most: 150 }

/** Makes the {@link HttpTransport} of a client. */
export function createHttpTransport(settings: ClientSettings): HttpTransport {
  const { origin, peer, clock } = settings
  if (settings.dispatcher === undefined) checkRuntime()
  let opening: Promise<Dispatcher> | undefined
  let opened = settings.dispatcher
  const via = settings.proxy === undefined ? '' : ` through the proxy ${shownProxy(settings.proxy)}`
  const backOff = createBackOff(clock)
  const admission = createAdmission({
    peer,
    maxInFlight: settings.maxConnections,
    maxQueued: settings.maxQueued,
    reserves: settings.reservesForUrgent,
  })
  const budget = createRetryBudget({ clock })
  const underWay = new Set<Promise<unknown>>()
  let closing: Promise<void> | undefined

  async function open(): Promise<Dispatcher> {
    opened = await (opening ??= createServerDispatcher(settings))
    return opened
  }

  async function withinDeadline<Result, ErrorBody>(
    call: HttpCall<Result, ErrorBody>,
    startedAtMs: number,
  ): Promise<{ answer: HttpAnswer<Result, ErrorBody>; serverTimeMs: number | null }> {
    // Before the time is running: what it takes to load what asks is no slowness of the server.
    const dispatcher = opened ?? (await open())
    call.signal?.throwIfAborted()
    const end = new CallEnd()
    /** Null while it waits for its turn. */
    let waitedMs: number | null = null
    let late: NodeJS.Immediate | undefined
    const timer = setTimeout(() => {
      // Where this process stood still, the answer may have come long ago: it is read before this.
      late = setImmediate(() => end.come(tooLate(call.operation, waitedMs)))
    }, settings.totalTimeoutMs)
    const onAbort = (): void => end.come(call.signal?.reason)
    call.signal?.addEventListener('abort', onAbort, { once: true })
    try {
      const hasWaited = await admission.enter(end, call)
      waitedMs = hasWaited ? clock.monotonic() - startedAtMs : 0
      try {
        const received = await attempt(call, dispatcher, end, () => late !== undefined)
        if (received.status === TOO_MANY) {
          backOff.pause(readRetryAfter(received.headers['retry-after'], clock.now()) ?? 0)
        }
        const answer = readAnswer(call, received, { origin, peer, nowMs: clock.now() })
        return { answer, serverTimeMs: readDate(received.headers) }
      } finally {
        admission.leave(call.urgent)
      }
    } catch (error) {
      // A fault that the end of the call brought about is not what the caller should hear of.
      call.signal?.throwIfAborted()
      throw error
    } finally {
      clearTimeout(timer)
      clearImmediate(late)
      call.signal?.removeEventListener('abort', onAbort)
    }
  }

  /** What took too long: the server, or our own queue (null: it still waits), which says nothing of the server. */
  function tooLate(operation: string, waitedMs: number | null): PeerFaultError {
    const { totalTimeoutMs } = settings
    if (waitedMs !== null && waitedMs <= totalTimeoutMs * SHORT_WAIT) {
      const message = `${operation}: no complete answer of ${origin} within ${totalTimeoutMs} ms; see "totalTimeoutMs".`
      return peer.fault('TIMEOUT', message)
    }
    const waited = waitedMs === null ? 'all the time' : `for ${Math.round(waitedMs)} ms`
    return peer.fault(
      'OVERLOADED',
      `${operation}: not done within ${totalTimeoutMs} ms, of which it waited for its turn ${waited}; ` +
        `${peer.name} is slow, or "maxConnections" is too small.`,
    )
  }

  async function attempt<Result, ErrorBody>(
    call: HttpCall<Result, ErrorBody>,
    dispatcher: Dispatcher,
    end: CallEnd,
    isLate: () => boolean,
  ): Promise<Answer> {
    const request = toRequest(settings, call)
    budget.earn()
    for (let left = settings.maxAttempts - 1; ; left -= 1) {
      try {
        return await exchange(dispatcher, request, {
          maxAnswerBytes: settings.maxAnswerBytes,
          end,
          peer,
          via,
        })
      } catch (error) {
        if (!(error instanceof FailedExchange)) throw error
        // What changes something may have done so though no answer came.
        const repeatable = call.changesThings === true ? error.unsent : error.unanswered
        if (left === 0 || !repeatable || !budget.spend()) throw error.fault
        if (!(await pause(end)) || isLate()) throw error.fault
      }
    }
  }

  async function observed<Result, ErrorBody>(
    call: HttpCall<Result, ErrorBody>,
  ): Promise<HttpAnswer<Result, ErrorBody>> {
    const startedAtMs = clock.monotonic()
    let outcome: 'ok' | 'refused' | 'fault' = 'fault'
    let serverTimeMs: number | null = null
    try {
      const received = await withinDeadline(call, startedAtMs)
      outcome = received.answer.ok ? 'ok' : 'refused'
      serverTimeMs = received.serverTimeMs
      return received.answer
    } finally {
      const durationMs = clock.monotonic() - startedAtMs
      try {
        settings.onCall?.({ operation: call.operation, outcome, durationMs, serverTimeMs })
      } catch {
        // Watching a call must not change its outcome.
      }
    }
  }

  return {
    async call(call) {
      if (closing !== undefined) {
        throw peer.fault('UNREACHABLE', `${call.operation}: this client is closed.`)
      }
      call.signal?.throwIfAborted()
      const { remainingMs } = backOff
      if (remainingMs > 0) {
        const message = `${call.operation}: ${origin} answered ${TOO_MANY} and asked to be left alone; not asked.`
        const retryAfterSeconds = Math.ceil(remainingMs / 1000)
        throw peer.fault('STATUS', message, { retryAfterSeconds })
      }
      const answer = observed(call)
      underWay.add(answer)
      try {
        return await answer
      } finally {
        underWay.delete(answer)
      }
    },
    close() {
      closing ??= Promise.allSettled(underWay).then(async () => {
        await (await opening)?.destroy()
      })
      return closing
    },
  }
}

function toRequest(
  settings: ClientSettings,
  call: Pick<HttpCall<unknown, unknown>, 'method' | 'path' | 'headers' | 'body'>,
): ExchangeRequest {
  return {
    origin: settings.origin,
    method: call.method,
    path: settings.apiPrefix + call.path,
    headers: { accept: 'application/json', 'accept-encoding': 'identity', ...call.headers },
    body: call.body === undefined ? null : JSON.stringify(call.body),
  }
}

/** Waits before a retry; false where the end of the call comes first. */
function pause(end: CallEnd): Promise<boolean> {
  const { least, most } = RETRY_PAUSE_MS
  const pauseMs = least + Math.random() * (most - least)
  return new Promise((resolve) => {
    const goOn = (): void => {
      clearTimeout(timer)
      end.off(goOn)
      resolve(!end.hasCome)
    }
    const timer = setTimeout(goOn, pauseMs)
    end.on(goOn)
  })
}

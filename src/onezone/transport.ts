import { Pool, type Dispatcher } from 'undici'
import { OnezoneFaultError } from '../errors.ts'
import { createAdmission } from './admission.ts'
import { readAnswer } from './answer.ts'
import type { ApiAnswer, ApiCall } from './api-call.ts'
import type { ClientSettings } from './client-options.ts'
import { exchange, FailedExchange, type Answer, type ExchangeRequest } from './exchange.ts'
import { createRetryBudget } from './retry-budget.ts'

/** Performs operations of the API over HTTP. */
export interface Transport {
  /** Rejects with an `OnezoneFaultError` where Onezone gave no usable answer. */
  call<Result>(call: ApiCall<Result>): Promise<ApiAnswer<Result>>
  /** Refuses further calls, waits for those under way (at most their deadline), closes all connections. */
  close(): Promise<void>
}

// Onezone closes a connection after 30 requests (Onezone API, §10). Announcing the last one ourselves avoids the race.
const REQUESTS_PER_CONNECTION = 30
// Onezone may move: its name is looked up again at least this often.
const MAX_CONNECTION_AGE_MS = 300_000
const RETRY_PAUSE_MS = { least: 50, most: 150 }

/** Makes the {@link Transport} of a client. */
export function createTransport(settings: ClientSettings): Transport {
  const { origin, clock, dispatcher = createPool(settings) } = settings
  const admission = createAdmission({
    maxInFlight: settings.maxConnections,
    maxQueued: settings.maxQueued,
  })
  const budget = createRetryBudget(clock)
  const underWay = new Set<Promise<unknown>>()
  let closing: Promise<void> | undefined

  async function withinDeadline<Result>(call: ApiCall<Result>): Promise<ApiAnswer<Result>> {
    const deadline = new AbortController()
    const timer = setTimeout(() => {
      const message = `${call.operation}: no complete answer of ${origin} within ${settings.totalTimeoutMs} ms; see "totalTimeoutMs".`
      deadline.abort(new OnezoneFaultError('ERR_ONEZONE_TIMEOUT', message))
    }, settings.totalTimeoutMs)
    try {
      await admission.enter(deadline.signal, call.urgent)
      try {
        const answer = await attempt(toRequest(settings, call), deadline.signal)
        return readAnswer(call, answer, { origin, nowMs: clock.now() })
      } finally {
        admission.leave()
      }
    } finally {
      clearTimeout(timer)
    }
  }

  async function attempt(request: ExchangeRequest, signal: AbortSignal): Promise<Answer> {
    budget.earn()
    for (let left = settings.maxAttempts - 1; ; left -= 1) {
      try {
        return await exchange(dispatcher, request, {
          maxAnswerBytes: settings.maxAnswerBytes,
          signal,
        })
      } catch (error) {
        if (!(error instanceof FailedExchange)) throw error
        if (left === 0 || !error.unanswered || !budget.spend()) throw error.fault
        if (!(await pause(signal))) throw error.fault
      }
    }
  }

  async function observed<Result>(call: ApiCall<Result>): Promise<ApiAnswer<Result>> {
    const startedAtMs = clock.monotonic()
    let outcome: 'ok' | 'refused' | 'fault' = 'fault'
    try {
      const answer = await withinDeadline(call)
      outcome = answer.ok ? 'ok' : 'refused'
      return answer
    } finally {
      const durationMs = clock.monotonic() - startedAtMs
      try {
        settings.onCall?.({ operation: call.operation, outcome, durationMs })
      } catch {
        // Watching a call must not change its outcome.
      }
    }
  }

  return {
    async call(call) {
      if (closing !== undefined) {
        throw new OnezoneFaultError(
          'ERR_ONEZONE_UNREACHABLE',
          `${call.operation}: this Onezone client is closed.`,
        )
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
        if (settings.dispatcher === undefined) await dispatcher.destroy()
      })
      return closing
    },
  }
}

function createPool(settings: ClientSettings): Dispatcher {
  return new Pool(settings.origin, {
    connections: settings.maxConnections,
    pipelining: 1,
    allowH2: false,
    clientTtl: MAX_CONNECTION_AGE_MS,
    // undici counts from 0: this many go before the one that says "Connection: close".
    maxRequestsPerClient: REQUESTS_PER_CONNECTION - 1,
    connect: {
      timeout: settings.connectTimeoutMs,
      // Said outright, it beats NODE_TLS_REJECT_UNAUTHORIZED=0.
      rejectUnauthorized: true,
      ...(settings.ca === undefined ? {} : { ca: settings.ca }),
    },
  })
}

function toRequest<Result>(settings: ClientSettings, call: ApiCall<Result>): ExchangeRequest {
  const headers: Record<string, string> = {
    accept: 'application/json',
    'accept-encoding': 'identity',
  }
  // Exactly so: with a charset Onezone answers 415 (Onezone API, §8).
  if (call.body !== undefined) headers['content-type'] = 'application/json'
  if (call.credentials !== undefined) headers['x-auth-token'] = call.credentials.token
  return {
    origin: settings.origin,
    method: call.method,
    path: settings.apiPrefix + call.path,
    headers,
    body: call.body === undefined ? null : JSON.stringify(call.body),
  }
}

/** Waits before a retry; false where the signal aborts first. */
function pause(signal: AbortSignal): Promise<boolean> {
  const { least, most } = RETRY_PAUSE_MS
  const pauseMs = least + Math.random() * (most - least)
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve(!signal.aborted)
    }
    const timer = setTimeout(end, pauseMs)
    signal.addEventListener('abort', end, { once: true })
  })
}

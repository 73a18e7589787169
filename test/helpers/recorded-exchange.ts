import type { Readable } from 'node:stream'

import type {
  UpstreamController,
  UpstreamDispatcher,
  UpstreamHandler,
} from '../../src/upstream/index.ts'

/** What a dispatcher told of one request. */
export interface RecordedExchange {
  readonly interim: number[]
  status: number | null
  fields: string[]
  body: string
  outcome: 'open' | 'end' | 'error'
  error: NodeJS.ErrnoException | null
  controller: UpstreamController | null
  /** Names of the calls, in order; data counts once. */
  readonly calls: string[]
}

export interface DispatchOptions {
  readonly origin: string
  readonly path?: string
  readonly method?: string
  readonly headers?: string[]
  readonly body?: Readable | null
  readonly headersTimeout?: number
  readonly bodyTimeout?: number
  /** Called with each part of the body. */
  readonly onData?: (controller: UpstreamController) => void
}

/** Makes a request and records what is told of it; `settled` resolves when nothing more may come. */
export function dispatchRecorded(
  dispatcher: UpstreamDispatcher,
  options: DispatchOptions,
): { exchange: RecordedExchange; settled: Promise<RecordedExchange> } {
  const exchange: RecordedExchange = {
    interim: [],
    status: null,
    fields: [],
    body: '',
    outcome: 'open',
    error: null,
    controller: null,
    calls: [],
  }
  let settle: (exchange: RecordedExchange) => void = () => {}
  const settled = new Promise<RecordedExchange>((resolve) => (settle = resolve))
  const handler: UpstreamHandler = {
    onRequestStart(controller) {
      exchange.calls.push('start')
      exchange.controller = controller
    },
    onResponseStart({ rawHeaders }, status) {
      exchange.calls.push(`head ${status}`)
      if (status < 200) {
        exchange.interim.push(status)
        return
      }
      exchange.status = status
      exchange.fields = (Array.isArray(rawHeaders) ? rawHeaders : []).map((raw: Buffer | string) =>
        typeof raw === 'string' ? raw : raw.toString('latin1'),
      )
    },
    onResponseData(controller, chunk) {
      if (exchange.calls.at(-1) !== 'data') exchange.calls.push('data')
      exchange.body += chunk.toString('latin1')
      options.onData?.(controller)
    },
    onResponseEnd() {
      exchange.calls.push('end')
      exchange.outcome = 'end'
      settle(exchange)
    },
    onResponseError(_controller, error) {
      exchange.calls.push('error')
      exchange.outcome = 'error'
      exchange.error = error
      settle(exchange)
    },
  }
  dispatcher.dispatch(
    {
      origin: options.origin,
      path: options.path ?? '/x',
      method: options.method ?? 'GET',
      headers: options.headers ?? ['Host', 'up.test'],
      body: options.body ?? null,
      headersTimeout: options.headersTimeout ?? 5_000,
      bodyTimeout: options.bodyTimeout ?? 5_000,
    },
    handler,
  )
  return { exchange, settled }
}

import type { Attributes, Context, Span, TextMapGetter, Tracer } from '@opentelemetry/api'

import { createProxyTrust, foldName } from '../authenticator/index.ts'
import type { FixedFields, RequestSpan, RequestTrace, RequestTracing } from '../proxy/index.ts'
import type { Api } from './attributes.ts'
import { methodAttributes, serverAttributes } from './attributes.ts'

/** What spans are made with. */
interface Surroundings {
  readonly api: Api
  readonly tracer: Tracer
  /** Whether a client's field is one by which traces are handed on. */
  readonly isHandedOn: (name: string) => boolean
}

/** Makes the spans of requests. A trusted proxy's request is part of its trace; a stranger's begins one of its own. */
export function createRequestTracing(
  api: Api,
  tracer: Tracer,
  trustedProxies: readonly string[],
): RequestTracing {
  const isTrusted = createProxyTrust(trustedProxies)
  const names = new Set(api.propagation.fields().map(foldName))
  const surroundings = { api, tracer, isHandedOn: (name: string) => names.has(foldName(name)) }

  return {
    begin(trace, path) {
      try {
        return begin(trace, path)
      } catch {
        return null
      }
    },
  }

  function begin(trace: RequestTrace, path: string | null): RequestSpan {
    const { incoming } = trace
    const { method = '', rawHeaders, socket } = incoming
    const given = api.propagation.extract(api.ROOT_CONTEXT, rawHeaders, FIELDS)
    const belongs = isTrusted(socket.remoteAddress)
    const remote = belongs ? undefined : api.trace.getSpanContext(given)
    const context = belongs ? given : api.ROOT_CONTEXT
    const span = tracer.startSpan(
      path === null ? nameOf(method) : `${nameOf(method)} ${path}`,
      {
        kind: api.SpanKind.SERVER,
        attributes: {
          ...methodAttributes(method),
          'url.scheme': 'encrypted' in socket ? 'https' : 'http',
          ...(path === null ? {} : { 'http.route': path }),
        },
        // A stranger could have anything recorded, and anybody's trace grow.
        links: remote === undefined ? [] : [{ context: remote }],
      },
      context,
    )
    return guarded(new TracedRequest(surroundings, trace, span, api.trace.setSpan(context, span)))
  }
}

class TracedRequest implements RequestSpan {
  readonly #surroundings: Surroundings
  readonly #trace: RequestTrace
  readonly #span: Span
  readonly #context: Context
  readonly #startedAt = Date.now()
  /** Of the request to an upstream that is under way. */
  #asked: Span | null = null

  constructor(surroundings: Surroundings, trace: RequestTrace, span: Span, context: Context) {
    this.#surroundings = surroundings
    this.#trace = trace
    this.#span = span
    this.#context = context
  }

  ask(url: string, method: string): FixedFields {
    const { api, tracer, isHandedOn } = this.#surroundings
    const span = tracer.startSpan(
      nameOf(method),
      {
        kind: api.SpanKind.CLIENT,
        attributes: { ...methodAttributes(method), ...serverAttributes(url), 'url.full': url },
      },
      this.#context,
    )
    this.#asked = span
    const fields: string[] = []
    api.propagation.inject(api.trace.setSpan(this.#context, span), fields, {
      set: (carrier, name, value) => void carrier.push(name, value),
    })
    return { fields, replaces: isHandedOn }
  }

  answered(status: number): void {
    const { api } = this.#surroundings
    this.#asked?.setAttribute('http.response.status_code', status)
    if (status < 400) return
    this.#asked?.setAttribute('error.type', String(status))
    this.#asked?.setStatus({ code: api.SpanStatusCode.ERROR })
  }

  settle(outcome: string): void {
    const { api } = this.#surroundings
    const span = this.#asked
    this.#asked = null
    if (outcome === 'unreachable' || outcome === 'timeout') {
      span?.setAttribute('error.type', outcome)
      span?.setStatus({ code: api.SpanStatusCode.ERROR })
    }
    span?.end()
  }

  end(routeId: string, status: number): void {
    const { api } = this.#surroundings
    const span = this.#span
    this.settle('aborted')
    if (span.isRecording()) {
      span.setAttributes(attributesOf(this.#trace, routeId, status))
      const { decision, startedAtMs, decidedAtMs } = this.#trace
      if (decision?.outcome === 'granted') {
        const afterMs = (decidedAtMs ?? startedAtMs) - startedAtMs
        span.addEvent('onegate.granted', this.#startedAt + afterMs)
      }
    }
    if (status >= 500) span.setStatus({ code: api.SpanStatusCode.ERROR })
    span.end()
  }
}

const NO_FIELDS: FixedFields = { fields: [], replaces: () => false }

/** Losing traces changes no request: what a processor of the SDK throws ends here. */
function guarded(span: RequestSpan): RequestSpan {
  const attempt = <Result>(run: () => Result, otherwise: Result): Result => {
    try {
      return run()
    } catch {
      return otherwise
    }
  }
  return {
    ask: (url, method) => attempt(() => span.ask(url, method), NO_FIELDS),
    answered: (status) => attempt(() => span.answered(status), undefined),
    settle: (outcome) => attempt(() => span.settle(outcome), undefined),
    end: (routeId, status) => attempt(() => span.end(routeId, status), undefined),
  }
}

/** Neither query nor token, and nothing that says whose it is. */
function attributesOf(trace: RequestTrace, routeId: string, status: number): Attributes {
  const { record, decision, answer, incoming, startedAtMs, decidedAtMs } = trace
  const attributes: Attributes = {
    'http.response.status_code': status,
    'network.protocol.version': incoming.httpVersion,
    'onegate.route': routeId,
  }
  if (record !== null) {
    attributes['url.path'] = record.path
    if (record.host !== '') {
      const scheme = 'encrypted' in incoming.socket ? 'https' : 'http'
      Object.assign(attributes, serverAttributes(`${scheme}://${record.host}`))
    }
  }
  if (decision !== null) {
    const isGranted = decision.outcome === 'granted'
    attributes['onegate.verdict.outcome'] = isGranted ? 'granted' : 'refused'
    if (decision.source !== null) attributes['onegate.verdict.source'] = decision.source
    if (isGranted && decision.askedAtMs !== null) {
      const staleness = (decidedAtMs ?? startedAtMs) - decision.askedAtMs
      attributes['onegate.verdict.staleness_ms'] = Math.max(0, Math.round(staleness))
    }
  }
  if (answer !== null) {
    attributes['onegate.refusal.code'] = answer.code
    if (status >= 500) attributes['error.type'] = answer.code
  }
  return attributes
}

/** A name of a span has no text of a client in it. */
function nameOf(method: string): string {
  return 'http.request.method_original' in methodAttributes(method) ? 'HTTP' : method
}

/** Fields as they came: a `traceparent` that is there twice says nothing (W3C Trace Context §3.2), lists may. */
const FIELDS: TextMapGetter<readonly string[]> = {
  keys: (rawHeaders) => rawHeaders.filter((_, index) => index % 2 === 0),
  get(rawHeaders, wanted) {
    const values: string[] = []
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      if ((rawHeaders[i] ?? '').toLowerCase() === wanted) values.push(rawHeaders[i + 1] ?? '')
    }
    if (wanted === 'traceparent' && values.length !== 1) return undefined
    return values.length === 0 ? undefined : values.join(',')
  },
}

/**
 * Onedata authentication as Hono middleware.
 *
 * @module
 */

import type { Context, MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'

import type {
  Answer,
  AuthenticationRequest,
  Decision,
  Identity,
  SingleRouteOptions,
} from '../authenticator/index.ts'
import {
  answerHeaders,
  createSingleRoute,
  readRequestId,
  SINGLE_ROUTE_OPTIONS,
} from '../authenticator/index.ts'
import type { OptionShape } from '../option-shape.ts'
import { CALLBACK, checkOptions, group, listOf, TEXT } from '../option-shape.ts'

/** What every request has. */
interface RequestVariables {
  /**
   * Id of the request, as `onDecision`, the log and a refusal have it: the one that is there already, as from
   * `hono/request-id`; else that of a trusted proxy, or a new one.
   */
  requestId: string
}

/** What the middleware sets: `new Hono<{ Variables: OnedataVariables }>()`. */
export interface OnedataVariables extends RequestVariables {
  /** Who the request speaks for. */
  onedata: Identity
}

/** What the middleware sets with `optional: true`. */
export interface OptionalOnedataVariables extends RequestVariables {
  /** Who the request speaks for; null where it carries no credentials. */
  onedata: Identity | null
}

/** What a middleware sets that is, or is not, optional. */
export type VariablesOf<Optional extends boolean> = Optional extends true
  ? OptionalOnedataVariables
  : OnedataVariables

/** Options of {@link onedataAuth}. Where nothing else is said, the route is called `middleware`. */
export interface OnedataAuthOptions extends Omit<SingleRouteOptions, 'data'> {
  /**
   * Which of Onedata's files a request is about, with `caveats.data: 'enforce'`. @default none: every request of a
   * token with data caveats is refused
   */
  readonly data?: RequestData | undefined
  /**
   * Finds the address of the socket's peer, e.g. from `getConnInfo` of your runtime. Without an address no token that
   * is confined to one is accepted.
   *
   * @default the socket of \@hono/node-server
   */
  readonly remoteAddress?: ((c: Context) => string | undefined) | undefined
}

/** Says which file a request is about. What they return is decoded, as `c.req.param()` is. */
export interface RequestData {
  /** Canonical path: the id of a space, then a path in it, e.g. `/6de387…/a/b`. Null refuses. @default none has one */
  readonly path?: ((c: Context) => string | null) | undefined
  /** Onedata's id of the file. Null refuses. @default none has one */
  readonly id?: ((c: Context) => string | null) | undefined
  /** Methods besides GET, HEAD and OPTIONS that only read. @default [] */
  readonly reads?: readonly string[] | undefined
  /** Names of query parameters that do not choose other data. @default [] */
  readonly query?: readonly string[] | undefined
}

const REQUEST_DATA: OptionShape<RequestData> = {
  path: CALLBACK,
  id: CALLBACK,
  reads: listOf('methods', TEXT),
  query: listOf('names of query parameters', TEXT),
}

const ONEDATA_AUTH_OPTIONS: OptionShape<OnedataAuthOptions> = {
  ...SINGLE_ROUTE_OPTIONS,
  data: group(REQUEST_DATA),
  remoteAddress: CALLBACK,
}

/**
 * Lets requests pass that carry a valid Onedata token, and tells handlers whose it is: `c.var.onedata`. Everybody else
 * gets an `HTTPException` whose response is a problem document with a challenge (RFC 9457, RFC 6750), so that
 * `app.onError` and `hono/combine` work as usual.
 *
 * A request is verified once, when it comes. A WebSocket or an event stream that the app keeps open is the app's to
 * end.
 *
 * @example
 * ```ts
 * const app = new Hono()
 * app.use(onedataAuth({ onezoneUrl: 'https://onezone.example.org' }))
 * app.get('/', (c) => c.text(`Hello ${c.var.onedata.subject.id}`))
 * ```
 * @throws {TypeError} at construction, for options that make no sense.
 * @throws {HTTPException} per request: 400, 401, 403 or 503.
 */
export function onedataAuth<Optional extends boolean = false>(
  options: OnedataAuthOptions & { readonly optional?: Optional | undefined },
): MiddlewareHandler<{ Variables: VariablesOf<Optional> }> {
  checkOptions<OnedataAuthOptions>('onedataAuth', options, ONEDATA_AUTH_OPTIONS)
  const { data } = options
  const route = createSingleRoute(
    { ...options, data: data && mappingOf(data) },
    { name: 'onedataAuth', id: 'middleware', shape: MAPPED_OPTIONS },
  )
  const remoteAddress = options.remoteAddress ?? nodeRemoteAddress

  return async function onedataAuth(c, next) {
    const facts = requestOf(c, remoteAddress)
    const requestId = readRequestId(c.get('requestId')) ?? route.requestIdOf(facts)
    // Before anything is refused: who handles the error logs it by this.
    c.set('requestId', requestId as VariablesOf<Optional>['requestId'])
    const request = {
      ...facts,
      ...(data && statedBy(data, c)),
      requestId,
      path: c.req.path,
    }
    hideForgedIdentity(c, request.rawHeaders)
    const decided = route.authenticator.authenticate(request)
    const decision: Decision = decided instanceof Promise ? await decided : decided
    if (decision.outcome === 'denied') throw exceptionFor(decision.answer)
    // The authenticator lets a request pass without identity on optional routes only.
    c.set('onedata', decision.identity as VariablesOf<Optional>['onedata'])
    await next()
  }
}

/** The same options as the door itself has them. */
const MAPPED_OPTIONS: OptionShape<SingleRouteOptions & Pick<OnedataAuthOptions, 'remoteAddress'>> =
  { ...SINGLE_ROUTE_OPTIONS, remoteAddress: CALLBACK }

function mappingOf({ path, id, reads, query }: RequestData): SingleRouteOptions['data'] {
  const stated = [path && ('path' as const), id && ('id' as const)]
  return { from: '/**', stated: stated.filter((name) => name !== undefined), reads, query }
}

/** What data caveats are judged by. */
function statedBy({ path, id }: RequestData, c: Context): Partial<AuthenticationRequest> {
  const { raw } = c.req
  return {
    method: raw.method,
    query: new URL(raw.url).search,
    upgrade: raw.headers.has('upgrade'),
    about: { path: path?.(c) ?? null, id: id?.(c) ?? null },
  }
}

/** Names that fold into the identity's namespace, however a back end spells its separators. */
const FORGEABLE = /^x[^a-z0-9]onedata[^a-z0-9]/i

/** The part of \@hono/node-server's bindings that is read here; other runtimes have none of it. */
interface NodeBindings {
  readonly incoming?: {
    readonly rawHeaders?: readonly string[]
    readonly socket?: { readonly remoteAddress?: string; readonly encrypted?: boolean }
  }
}

function requestOf(
  c: Context,
  remoteAddress: (c: Context) => string | undefined,
): AuthenticationRequest {
  const incoming = (c.env as NodeBindings | undefined)?.incoming
  return {
    rawHeaders: incoming?.rawHeaders ?? [...c.req.raw.headers].flat(),
    remoteAddress: remoteAddress(c),
    secure: incoming?.socket?.encrypted === true,
  }
}

function nodeRemoteAddress(c: Context): string | undefined {
  return (c.env as NodeBindings | undefined)?.incoming?.socket?.remoteAddress
}

function exceptionFor(answer: Answer): HTTPException {
  const res = new Response(answer.body, { status: answer.status, headers: answerHeaders(answer) })
  return new HTTPException(answer.status as 400, { res, message: answer.code })
}

/** A handler that reads `X-Onedata-Subject-Id` itself must not see what a client put there (security S-029). */
function hideForgedIdentity(c: Context, rawHeaders: readonly string[]): void {
  const forged = rawHeaders.filter((name, i) => i % 2 === 0 && FORGEABLE.test(name))
  if (forged.length === 0) return
  const { raw } = c.req
  try {
    for (const name of forged) raw.headers.delete(name)
  } catch {
    // Some runtimes hand out headers that cannot be changed. A body that was read already is kept by Hono.
    const headers = new Headers(raw.headers)
    for (const name of forged) headers.delete(name)
    c.req.raw = raw.bodyUsed
      ? new Request(raw.url, { method: raw.method, headers, signal: raw.signal })
      : new Request(raw, { headers })
  }
}

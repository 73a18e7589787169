import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerOf, Refusal, refusals } from './answers.ts'
import type { CallCounter } from './calls.ts'
import type { Caller, HeaderLookup } from './caller.ts'
import { authenticateCaller, controlledCaller } from './caller.ts'
import type { FaultPlan } from './faults.ts'
import { answerWithFault } from './faulty-answer.ts'
import {
  hasBody,
  hasReadableHost,
  headersOf,
  parseBody,
  pathOf,
  peerIpOf,
  readBody,
} from './incoming.ts'
import { refuseAccept, refuseContentType } from './media-types.ts'
import { NAMED_TOKEN_ROUTES } from './named-token-routes.ts'
import { OWNER_ROUTES } from './owner-routes.ts'
import { refusePreconditions } from './preconditions.ts'
import type { Reply } from './reply.ts'
import { emptyReply, jsonReply, problemReply } from './reply.ts'
import type { ApiRoute } from './route.ts'
import type { RouteMatch } from './route-table.ts'
import { createRouteTable, segmentsOf } from './route-table.ts'
import type { OnezoneState } from './state.ts'
import type { StateKeeper } from './state-keeper.ts'
import { TOKEN_ROUTES } from './token-routes.ts'
import { VERIFY_ROUTES } from './verify-routes.ts'
import { ZONE_ROUTES } from './zone-routes.ts'

export interface RestApiOptions {
  readonly state: OnezoneState
  readonly keeper: StateKeeper
  readonly calls: CallCounter
  readonly faults: FaultPlan
  /** Whether the header `X-Control-Auth` sets the caller. */
  readonly control: boolean
  /** Whether callers need permissions. */
  readonly permissions: boolean
}

/** Answers one request to the REST API. */
export type RestApi = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/**
 * The HTTP edge of Onezone (Onezone API, §8, §16). It works on `node:http` itself: a framework would fold repeated
 * headers, decode paths and add media types in its own way, and the faults need the socket.
 */
export function createRestApi(options: RestApiOptions): RestApi {
  const { state, keeper, calls, faults } = options
  const routesAt = createRouteTable([
    ...VERIFY_ROUTES,
    ...TOKEN_ROUTES,
    ...NAMED_TOKEN_ROUTES,
    ...OWNER_ROUTES,
    ...ZONE_ROUTES,
  ])

  return (request, response) => {
    response.setHeader('Access-Control-Allow-Origin', '*')
    const segments = segmentsOf(pathOf(request))
    const match = segments === null ? null : routesAt(segments)
    const route = match?.routes.get(request.method ?? '') ?? null
    if (route !== null) calls.count(route.operation)
    const fault = faults.take(route?.operation ?? null)
    return answerWithFault(fault, request, response, async () => {
      if (segments === null || !hasReadableHost(request)) return emptyReply(400)
      if (request.method === 'TRACE') return emptyReply(501)
      if (match === null) return emptyReply(404)
      if (route === null) return refuseMethod(request, match)
      if ('reply' in route) return route.reply(state)
      const reply = await replyTo(request, route, match.params)
      // Nothing is told that a kill could undo: neither what this request changed nor what it saw of others.
      await keeper.saved()
      return reply
    })
  }

  async function replyTo(
    request: IncomingMessage,
    route: ApiRoute,
    params: RouteMatch['params'],
  ): Promise<Reply> {
    const header = headersOf(request)
    const peerIp = peerIpOf(request)
    const caller = callerOf(header, peerIp)
    if (!('subject' in caller)) return caller

    const readsBody = route.method === 'POST' || route.method === 'PATCH'
    const refused =
      refuseAccept(header('accept')) ??
      refusePreconditions(header, route.method) ??
      (readsBody ? refuseContentType(header('content-type'), hasBody(request)) : null)
    if (refused !== null) return refused

    const octets = readsBody ? await readBody(request) : Buffer.alloc(0)
    if (octets === null) return emptyReply(500, { Connection: 'close' })
    const body = parseBody(octets)
    const answer =
      body === undefined
        ? refusals.malformedData()
        : route.answer({
            state,
            params,
            caller,
            asksPermission: options.permissions,
            peerIp,
            peerAddress: peerIp ?? request.socket.remoteAddress ?? '',
            body,
          })
    return jsonReply(answer instanceof Refusal ? answerOf(answer) : answer)
  }

  function callerOf(header: HeaderLookup, peerIp: string | null): Caller | Reply {
    const controlled = options.control ? header('x-control-auth') : undefined
    if (controlled !== undefined) {
      return controlledCaller(controlled) ?? problemReply(400, [CONTROL_AUTH_PROBLEM])
    }
    const caller = authenticateCaller(state, header, peerIp)
    // A 401 that is raised while authenticating has a JSON body and no media type (Onezone API, §8).
    return caller instanceof Refusal ? { ...jsonReply(answerOf(caller)), headers: {} } : caller
  }
}

const CONTROL_AUTH_PROBLEM = {
  path: 'X-Control-Auth',
  message: 'must be nobody, user:ID or provider:ID',
}

/** HEAD and OPTIONS fail in the original at every path of the API (Onezone API, §16). */
function refuseMethod(request: IncomingMessage, match: RouteMatch): Reply {
  const isOfApi = [...match.routes.values()].some((route) => 'answer' in route)
  const fails = isOfApi && (request.method === 'HEAD' || request.method === 'OPTIONS')
  if (fails) return emptyReply(500)
  return emptyReply(405, { Allow: [...match.routes.keys()].toSorted().join(', ') })
}

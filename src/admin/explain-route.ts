import { isIP } from 'node:net'

import type { JsonObject } from '../json.ts'
import type { AdminAction } from './admin-action.ts'
import type { Explainer, ExplainRequest } from './explainer.ts'
import { EXPLAIN_REQUEST } from './explainer.ts'
import { ProblemError } from './problem.ts'

const KEYS = Object.keys(EXPLAIN_REQUEST)

/** `POST /explain`: a request in, what the gateway makes of it out. */
export function createExplainRoute(explain: Explainer): AdminAction {
  return (order) => explain(readRequest(order))
}

function readRequest(order: JsonObject): ExplainRequest {
  for (const key of Object.keys(order)) {
    if (KEYS.includes(key)) continue
    const name = key.length > 30 ? 'A key' : `"${key}"`
    throw new ProblemError(400, `${name} is unknown; there are ${KEYS.join(', ')}`)
  }
  const { ask = false } = order
  if (typeof ask !== 'boolean') throw new ProblemError(400, '"ask" must be true or false')
  const peerIp = textAt(order, 'peerIp')
  if (peerIp !== undefined && isIP(peerIp) === 0) {
    throw new ProblemError(400, '"peerIp" must be an IP address')
  }
  return {
    token: textAt(order, 'token'),
    consumerToken: textAt(order, 'consumerToken'),
    method: textAt(order, 'method'),
    path: textAt(order, 'path'),
    host: textAt(order, 'host'),
    peerIp,
    ask,
  }
}

function textAt(order: JsonObject, key: keyof ExplainRequest): string | undefined {
  const value = order[key]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string' || value === '') {
    throw new ProblemError(400, `"${key}" must be a text that is not empty`)
  }
  return value
}

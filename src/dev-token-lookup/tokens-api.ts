import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import { isJsonObject } from '../json.ts'
import type { LookupFault } from './lookup-fault.ts'
import { answerWithFault } from './lookup-fault.ts'
import type { LookupOperation, OperationAnswer, OperationRequest } from './token-operations.ts'
import { createOperations, errorAnswer } from './token-operations.ts'
import type { ShelfToken, TokenShelf } from './token-shelf.ts'

/** Where the API is found. */
const PREFIX = '/api/cluster/v2/tokens'
const MAX_BODY_BYTES = 1024 * 1024
const JSON_TYPE = 'application/json; charset=utf-8'
/** Scope that a caller must have, for a look-up too: where documents differ, this asks for more. */
const MANAGEMENT = 'ClusterTokenManagement'

export interface TokensApiOptions {
  readonly shelf: TokenShelf
  readonly clock: Clock
  readonly fault: () => LookupFault | null
  readonly onCall: (operation: LookupOperation) => void
}

/** Answers one request to the API. */
export type TokensApi = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** The HTTP edge of the API (Onezone API, §13). */
export function createTokensApi(options: TokensApiOptions): TokensApi {
  const { shelf, clock } = options
  const operations = createOperations(shelf, clock)

  return async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
    const found = operationAt(request.method ?? '', pathname)
    if (found !== null) options.onCall(found.operation)
    const fault = options.fault()
    if (fault !== null) return answerWithFault(fault, response)
    const caller = callerOf(request)
    if ('status' in caller) return send(response, caller)
    if (found === null) return send(response, errorAnswer(404, 'There is no such operation.'))
    const body = await bodyOf(request)
    if (body === null) return send(response, errorAnswer(400, 'The body is no JSON object.'))
    const { operation, id } = found
    send(response, operations[operation]({ caller, id, query: searchParams, body }))
  }

  function callerOf({ headers }: IncomingMessage): ShelfToken | OperationAnswer {
    const secret = /^Api-Token +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
    if (secret === undefined) return errorAnswer(401, 'Missing authorization parameter.')
    const token = shelf.bySecret(secret)
    if (token === null || !shelf.isGood(token)) return errorAnswer(403, 'Token is not valid.')
    if (!token.scopes.includes(MANAGEMENT)) return errorAnswer(403, `Token lacks ${MANAGEMENT}.`)
    token.lastUse = clock.now()
    return token
  }
}

function operationAt(
  method: string,
  path: string,
): { operation: LookupOperation; id: string } | null {
  const rest = path.startsWith(PREFIX) ? path.slice(PREFIX.length) : null
  const id = rest === null || !/^\/[^/]+$/.test(rest) ? '' : decode(rest.slice(1))
  const at = rest === '' ? 'tokens' : id === 'lookup' ? 'lookup' : id === '' ? 'nowhere' : 'token'
  const operation = OPERATIONS[`${method} ${at}`]
  return operation === undefined ? null : { operation, id }
}

const OPERATIONS: Readonly<Record<string, LookupOperation>> = {
  'POST tokens': 'createToken',
  'GET tokens': 'listTokens',
  'POST lookup': 'getTokenMetadataBySecret',
  'GET token': 'getTokenMetadata',
  'PUT token': 'updateToken',
  'DELETE token': 'deleteToken',
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return ''
  }
}

/** The members of a JSON body; none where the method has no body; null where it is no JSON object. */
async function bodyOf(request: IncomingMessage): Promise<OperationRequest['body'] | null> {
  if (request.method !== 'POST' && request.method !== 'PUT') return {}
  if (!/^application\/json(?:; ?charset=utf-8)?$/i.test(request.headers['content-type'] ?? '')) {
    return null
  }
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) return null
    chunks.push(chunk)
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    return isJsonObject(value) ? value : null
  } catch {
    return null
  }
}

function send(response: ServerResponse, { status, headers = {}, body }: OperationAnswer): void {
  if (body === undefined) {
    response.writeHead(status, headers).end()
    return
  }
  const text = JSON.stringify(body)
  const length = Buffer.byteLength(text)
  response
    .writeHead(status, { 'Content-Type': JSON_TYPE, 'Content-Length': length, ...headers })
    .end(text)
}

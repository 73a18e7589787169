import type { Clock } from '../clock.ts'
import type { ShelfToken, TokenShelf } from './token-shelf.ts'
import { metadataOf } from './token-shelf.ts'

/** An operation of the TokensApi, by its name in the API's description. */
export type LookupOperation =
  | 'createToken'
  | 'deleteToken'
  | 'getTokenMetadata'
  | 'getTokenMetadataBySecret'
  | 'listTokens'
  | 'updateToken'

/** What an operation answers. */
export interface OperationAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Absent: no body. */
  readonly body?: unknown
}

/** A request whose caller is known. */
export interface OperationRequest {
  readonly caller: ShelfToken
  /** What stands in the path after `/tokens/`, decoded. */
  readonly id: string
  readonly query: URLSearchParams
  readonly body: Readonly<Record<string, unknown>>
}

const UNITS_MS: Readonly<Record<string, number>> = {
  DAYS: 86_400_000,
  HOURS: 3_600_000,
  MINUTES: 60_000,
  SECONDS: 1_000,
  MILLIS: 1,
}
const DEFAULT_LIMIT = 1_000
const LARGEST_LIMIT = 1_000_000

/** The error of an answer (Onezone API, §13, `ErrorEnvelope`). */
export function errorAnswer(code: number, message: string, path?: string): OperationAnswer {
  const violation = { path, message, parameterLocation: 'PAYLOAD_BODY', location: null }
  const constraintViolations = path === undefined ? {} : { constraintViolations: [violation] }
  return { status: code, body: { error: { code, message, ...constraintViolations } } }
}

/** Makes the six operations (Onezone API, §13) on one shelf. */
export function createOperations(
  shelf: TokenShelf,
  clock: Clock,
): Readonly<Record<LookupOperation, (request: OperationRequest) => OperationAnswer>> {
  const notFound = (): OperationAnswer => errorAnswer(404, 'There is no such token.')
  const ownToken = (): OperationAnswer =>
    errorAnswer(400, 'The token that authenticates the request cannot be changed by it.')

  return {
    createToken({ caller, body }) {
      const { name, scopes, expiresIn } = body
      if (typeof name !== 'string' || name === '') return wrong('name', 'must be a text')
      if (!isTextList(scopes)) return wrong('scopes', 'must be a list of scopes')
      const expiresInMs = durationOf(expiresIn)
      if (expiresInMs === null) return wrong('expiresIn', 'must be a value and a known unit')
      const { userId } = caller
      const token = shelf.create({ name, scopes, userId, expiresInMs })
      return { status: 201, headers: { Location: token.id }, body: { token: token.secret } }
    },
    deleteToken({ caller, id }) {
      const token = shelf.byId(id) ?? shelf.bySecret(id)
      if (token === null) return notFound()
      if (token === caller) return ownToken()
      shelf.remove(token)
      return { status: 204 }
    },
    getTokenMetadata({ id }) {
      const token = shelf.byId(id)
      return token === null ? notFound() : { status: 200, body: metadataOf(token) }
    },
    getTokenMetadataBySecret({ body }) {
      const { token: secret } = body
      if (typeof secret !== 'string') return wrong('token', 'must be a text')
      const token = shelf.bySecret(secret)
      return token === null ? notFound() : { status: 200, body: metadataOf(token) }
    },
    listTokens({ query }) {
      const limit = Number(query.get('limit') ?? DEFAULT_LIMIT)
      if (!Number.isInteger(limit) || limit < 0 || limit > LARGEST_LIMIT) {
        return errorAnswer(400, `"limit" must be a whole number up to ${LARGEST_LIMIT}.`)
      }
      const user = query.get('user')
      const permissions = query.getAll('permissions')
      const [from, to] = ['from', 'to'].map((name) => query.get(name))
      const values = [...shelf.all()]
        .filter((token) => user === null || token.userId === user)
        .filter(({ scopes }) => permissions.every((permission) => scopes.includes(permission)))
        .filter(({ lastUse }) => !from || (lastUse !== null && lastUse > Number(from)))
        .filter(({ lastUse }) => !to || (lastUse !== null && lastUse < Number(to)))
        .slice(0, limit)
        .map(({ id, name }) => ({ id, name }))
      return { status: 200, body: { values } }
    },
    updateToken({ caller, id, body }) {
      const token = shelf.byId(id)
      if (token === null) return notFound()
      if (token === caller) return ownToken()
      const { name = token.name, revoked = token.revoked, scopes = token.scopes } = body
      if (typeof name !== 'string' || name === '') return wrong('name', 'must be a text')
      if (typeof revoked !== 'boolean') return wrong('revoked', 'must be true or false')
      if (!isTextList(scopes)) return wrong('scopes', 'must be a list of scopes')
      Object.assign(token, { name, revoked, scopes: [...scopes] })
      return { status: 204 }
    },
  }

  function wrong(path: string, message: string): OperationAnswer {
    return errorAnswer(400, `"${path}" ${message}.`, path)
  }

  /** Undefined: without end; null: not a duration, or one that ends beyond what a clock can show. */
  function durationOf(value: unknown): number | null | undefined {
    if (value === undefined || value === null) return undefined
    const { value: count, unit = 'MILLIS' } = value as { value?: unknown; unit?: unknown }
    const unitMs =
      typeof unit === 'string' && Object.hasOwn(UNITS_MS, unit) ? UNITS_MS[unit] : undefined
    if (unitMs === undefined || !Number.isSafeInteger(count) || Number(count) < 0) return null
    const durationMs = Number(count) * unitMs
    return Number.isSafeInteger(clock.now() + durationMs) ? durationMs : null
  }
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string' && each !== '')
}

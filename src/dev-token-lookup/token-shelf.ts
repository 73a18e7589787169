import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'

/** A token to create. */
export interface NewShelfToken {
  readonly name: string
  readonly scopes: readonly string[]
  /** User whose token it is. */
  readonly userId: string
  /** For how long it is good, in milliseconds. @default without end */
  readonly expiresInMs?: number | undefined
}

/** A token as the server keeps it. Times are milliseconds since 1970. */
export interface ShelfToken {
  readonly id: string
  readonly secret: string
  readonly userId: string
  readonly created: number
  readonly expires: number | null
  name: string
  scopes: readonly string[]
  revoked: boolean
  lastUse: number | null
}

/** All tokens that the server knows. */
export interface TokenShelf {
  create(token: NewShelfToken): ShelfToken
  byId(id: string): ShelfToken | null
  bySecret(secret: string): ShelfToken | null
  all(): Iterable<ShelfToken>
  remove(token: ShelfToken): void
  /** Whether a token may be used now. */
  isGood(token: ShelfToken): boolean
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Makes an empty shelf. */
export function createTokenShelf(clock: Clock): TokenShelf {
  const tokens = new Map<string, ShelfToken>()
  return {
    create({ name, scopes, userId, expiresInMs }) {
      const id = `dt0c01.${letters(24)}`
      const created = clock.now()
      const token: ShelfToken = {
        id,
        secret: `${id}.${letters(64)}`,
        userId,
        created,
        expires: expiresInMs === undefined ? null : created + expiresInMs,
        name,
        scopes: [...scopes],
        revoked: false,
        lastUse: null,
      }
      tokens.set(id, token)
      return token
    },
    byId: (id) => tokens.get(id) ?? null,
    bySecret(secret) {
      const token = tokens.get(secret.slice(0, secret.lastIndexOf('.')))
      return token?.secret === secret ? token : null
    },
    all: () => tokens.values(),
    remove: ({ id }) => void tokens.delete(id),
    isGood: ({ revoked, expires }) => !revoked && (expires === null || expires > clock.now()),
  }
}

function letters(count: number): string {
  return Array.from(randomBytes(count), (octet) => LETTERS[octet % LETTERS.length]).join('')
}

/** What is told about a token: everything but its secret; what is not there is left out. */
export function metadataOf(token: ShelfToken): object {
  const { secret: _, expires, lastUse, ...told } = token
  return {
    ...told,
    ...(expires === null ? {} : { expires }),
    ...(lastUse === null ? {} : { lastUse }),
    personalAccessToken: false,
  }
}

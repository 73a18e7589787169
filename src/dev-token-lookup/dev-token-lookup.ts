import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BlockList, isIP } from 'node:net'
import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import { namesThisMachine } from '../loopback-host.ts'
import type { OptionShape } from '../option-shape.ts'
import { checkOptions, CLOCK, FLAG, listOf, NUMBER, TEXT, wholeNumber } from '../option-shape.ts'
import { createControl } from './control.ts'
import type { LookupFault } from './lookup-fault.ts'
import type { LookupOperation } from './token-operations.ts'
import { createTokenShelf } from './token-shelf.ts'
import { createTokensApi } from './tokens-api.ts'

/** Options of {@link createDevTokenLookup}. */
export interface DevTokenLookupOptions {
  /** Address to listen on. Other than loopback only with {@link iKnowThisIsNotACluster}. @default '127.0.0.1' */
  readonly host?: string | undefined
  /** TCP port, 0 to 65535; 0 picks a free one. @default 0 */
  readonly port?: number | undefined
  /** Serve `/control/` too, by which everybody who reaches it may play fate. @default false */
  readonly control?: boolean | undefined
  /** @default the clock of this machine */
  readonly clock?: Clock | undefined
  /** Allows to listen on any address, although its tokens protect nothing. @default false */
  readonly iKnowThisIsNotACluster?: boolean | undefined
}

/** A token to create. */
export interface NewLookupToken {
  /** @default 'a token' */
  readonly name?: string | undefined
  /** @default [] */
  readonly scopes?: readonly string[] | undefined
  /** @default 'alice' */
  readonly userId?: string | undefined
  /** For how long it is good, in milliseconds. @default without end */
  readonly expiresInMs?: number | undefined
}

const DEV_TOKEN_LOOKUP_OPTIONS: OptionShape<DevTokenLookupOptions> = {
  host: TEXT,
  port: wholeNumber([0, 65_535]),
  control: FLAG,
  clock: CLOCK,
  iKnowThisIsNotACluster: FLAG,
}

const NEW_LOOKUP_TOKEN: OptionShape<NewLookupToken> = {
  name: TEXT,
  scopes: listOf('scopes', TEXT),
  userId: TEXT,
  expiresInMs: NUMBER,
}

/** A stand-in for a cluster's TokensApi that listens. */
export interface DevTokenLookup {
  /** Base URL, without a slash at the end. */
  readonly url: string
  readonly port: number
  /** Secret of the user `admin` with the scope `ClusterTokenManagement`, for a gateway to call with. */
  readonly apiToken: string
  /** @returns the public id, and the secret, which nothing tells again. */
  createToken(token?: NewLookupToken): { readonly id: string; readonly token: string }
  /**
   * Revocation can be undone. What is revoked is still looked up, as revoked. @throws {TypeError} for an unknown id.
   */
  setRevoked(id: string, revoked: boolean): void
  /** @throws {TypeError} for an unknown id. */
  setScopes(id: string, scopes: readonly string[]): void
  /** @throws {TypeError} for an unknown id. */
  deleteToken(id: string): void
  /** What happens to every request from now on; null: what should. */
  setFault(fault: LookupFault | null): void
  /** How often an operation was called since the start, refused and faulty calls included. */
  calls(operation: LookupOperation): number
  /** Stops listening and breaks all connections at once. Safe to call twice. */
  close(): Promise<void>
}

/**
 * Starts a development stand-in for a cluster's TokensApi (Onezone API, §13), with an empty list of tokens but for its
 * own.
 *
 * @throws {TypeError} naming the option that is wrong.
 */
export async function createDevTokenLookup(
  options: DevTokenLookupOptions = {},
): Promise<DevTokenLookup> {
  const { host = '127.0.0.1', port = 0, control = false, clock = systemClock } = options
  checkOptions('createDevTokenLookup', options, DEV_TOKEN_LOOKUP_OPTIONS)
  checkReach(host, options)
  const isLocal = namesThisMachine(isIP(host) === 6 ? `[${host}]` : host)
  const shelf = createTokenShelf(clock)
  const calls = new Map<LookupOperation, number>()
  let fault: LookupFault | null = null
  let closed: Promise<void> | null = null
  const own = shelf.create({
    name: 'gateway',
    scopes: ['ClusterTokenManagement'],
    userId: 'admin',
  })

  const answerApi = createTokensApi({
    shelf,
    clock,
    fault: () => fault,
    onCall: (operation) => void calls.set(operation, (calls.get(operation) ?? 0) + 1),
  })
  const answerControl = createControl({
    setFault: (next) => void (fault = next),
    calls: () => Object.fromEntries(calls),
  })
  const server = createServer((request, response) => {
    // A page whose name was bent to this machine must not play fate.
    if (isLocal && !namesThisMachine(request.headers.host ?? 'localhost')) {
      response.writeHead(403).end()
      return
    }
    const controls = control && (request.url ?? '').startsWith('/control/')
    const answer = controls ? answerControl : answerApi
    answer(request, response).catch((error: unknown) => fail(request, response, error))
  })
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address() as AddressInfo

  const tokenOf = (id: string) => {
    const token = shelf.byId(id)
    if (token === null) throw new TypeError('there is no token with this id')
    return token
  }
  return {
    url: `http://${isIP(host) === 6 ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    apiToken: own.secret,
    createToken(asked = {}) {
      checkOptions('createToken', asked, NEW_LOOKUP_TOKEN)
      const { name = 'a token', scopes = [], userId = 'alice', expiresInMs } = asked
      const { id, secret } = shelf.create({ name, scopes, userId, expiresInMs })
      return { id, token: secret }
    },
    setRevoked: (id, revoked) => void (tokenOf(id).revoked = revoked),
    setScopes: (id, scopes) => void (tokenOf(id).scopes = [...scopes]),
    deleteToken: (id) => shelf.remove(tokenOf(id)),
    setFault: (next) => void (fault = next),
    calls: (operation) => calls.get(operation) ?? 0,
    close: () => (closed ??= close(server)),
  }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

function checkReach(host: string, options: DevTokenLookupOptions): void {
  const version = isIP(host)
  const loopback =
    version === 0 ? host === 'localhost' : LOOPBACK.check(host, version === 4 ? 'ipv4' : 'ipv6')
  if (!loopback && options.iKnowThisIsNotACluster !== true) {
    throw new TypeError(
      `"host" is ${host}, which others may reach, and the tokens of this server protect nothing. ` +
        'Listen on 127.0.0.1, or set "iKnowThisIsNotACluster" to true.',
    )
  }
}

/** A request that broke off needs no answer; any other exception is the server's own fault, and is shown. */
function fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (!request.destroyed) process.emitWarning(error instanceof Error ? error : String(error))
  response.destroy()
}

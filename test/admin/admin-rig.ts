import { request as sendRequest } from 'node:http'
import { join } from 'node:path'
import { inspect } from 'node:util'

import { onTestFinished } from 'vitest'

import { loadConfig } from '../../src/config/index.ts'
import type { Explanation } from '../../src/gateway/index.ts'
import { createGateway } from '../../src/gateway/index.ts'
import type { Logger } from '../../src/logger.ts'
import { directoryWith } from '../config/config-directory.ts'
import type { FakeClock } from '../helpers/fake-clock.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { ALICE, startOnezone } from '../helpers/onezone.ts'
import { startUpstream } from '../helpers/upstream.ts'

export const ADMIN_TOKEN = 'an-admin-token-of-some-length'

export interface AdminAnswer {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
  readonly text: string
  readonly json: Record<string, unknown>
}

export interface AdminRigOptions {
  /** Beyond 127.0.0.1 the admin API needs a token. */
  readonly adminHost?: string
  readonly adminToken?: string
  readonly routes?: string
}

const ROUTES = `
  - { id: public, path: /public/**, token: none, upstream: UPSTREAM }
  - { id: delegating, path: /data/**, caveats: { api: delegate, data: delegate }, upstream: UPSTREAM }
  - { id: api, path: /api/**, upstream: UPSTREAM }`

/** A whole gateway on a clock that moves when told, with everything that it wrote and said. */
export async function startAdminRig(options: AdminRigOptions = {}) {
  const { adminHost = '127.0.0.1', adminToken, routes = ROUTES } = options
  const clock: FakeClock = createFakeClock()
  const onezone = await startOnezone({ clock })
  const upstream = await startUpstream()
  const log: { level: string; facts: Readonly<Record<string, unknown>>; message: string }[] = []
  const written = (level: string) => (facts: Readonly<Record<string, unknown>>, message: string) =>
    void log.push({ level, facts, message })
  const logger: Logger = {
    debug: written('debug'),
    info: written('info'),
    warn: written('warn'),
    error: written('error'),
  }
  const yaml = `
listen: 127.0.0.1:0
adminListen: ${adminHost}:0
onezone: { url: "${onezone.url}" }
routes: ${routes.replaceAll('UPSTREAM', `"${upstream.url}"`)}`
  const file = join(await directoryWith({ 'onegate.yaml': yaml }), 'onegate.yaml')
  const config = { ...(await loadConfig({ file })), adminToken }
  const gateway = await createGateway(config, { logger, clock })
  onTestFinished(() => gateway.close())

  const { port } = new URL(gateway.adminUrl)
  const said: string[] = []
  const post = (
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
    method = 'POST',
  ): Promise<AdminAnswer> =>
    new Promise((resolve, reject) => {
      const request = sendRequest(
        { host: '127.0.0.1', port, path, method, agent: false },
        (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (part: string) => (text += part))
          response.on('end', () => {
            said.push(text + inspect(response.headers))
            const isJson = /json/.test(response.headers['content-type'] ?? '')
            const json = isJson ? (JSON.parse(text) as Record<string, unknown>) : {}
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json })
          })
        },
      )
      request.on('error', reject)
      request.setHeader('Content-Type', 'application/json')
      for (const [name, value] of Object.entries(headers)) request.setHeader(name, value)
      request.end(typeof body === 'string' ? body : JSON.stringify(body))
    })

  return {
    clock,
    onezone,
    upstream,
    gateway,
    file,
    /** The lines of the log that tell what an operator did. */
    audit: () => log.filter(({ message }) => message.startsWith('an operator')),
    post,
    token: onezone.createTemporaryToken({ subject: ALICE }),
    explain: async (asked: object) =>
      (await post('/explain', asked)).json as unknown as Explanation,
    /** Status of a request for the gateway, not for its admin listener. */
    use: async (token: string, path = '/api') =>
      (await fetch(`${gateway.url}${path}`, { headers: { 'X-Auth-Token': token } })).status,
    verifyCalls: () => onezone.calls().verifyAccessToken,
    /** Everything that left the gateway towards operators. */
    told: () =>
      said.join('\n') + inspect(log, { depth: 9, showHidden: true, maxStringLength: null }),
  }
}

/** The beginning of a token is the same for all of them, and its end is what makes it good. */
export function secretPartsOf(token: string): string[] {
  return [token, token.slice(-40), token.slice(40, 80)]
}

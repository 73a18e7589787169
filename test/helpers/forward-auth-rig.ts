import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { onTestFinished } from 'vitest'

import { loadConfig } from '../../src/config/index.ts'
import type { GatewayOptions } from '../../src/gateway/index.ts'
import { createGateway } from '../../src/gateway/index.ts'
import { ALICE, startOnezone } from './onezone.ts'

export const ROUTES = `routes:
  - { id: public, path: /pub/**, token: none }
  - { id: readers, path: /readers/**, methods: [GET] }
  - { id: bob, path: /bob/**, subjects: { ids: [bob] } }
  - { id: all, path: /** }
`

export interface Asked {
  readonly status: number
  readonly code: string | null
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** An embedded Onezone, and a gateway that front proxies ask; no traffic listener, until the test ends. */
export async function startForwardAuthRig(
  yaml: string = ROUTES,
  settings: {
    readonly listen?: string
    readonly options?: GatewayOptions
    readonly more?: string
  } = {},
) {
  const { listen = '127.0.0.1:0', options = {}, more = '' } = settings
  const onezone = await startOnezone()
  const directory = mkdtempSync(join(tmpdir(), 'onegate-forward-auth-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'onegate.yaml')
  const load = (text: string) => {
    writeFileSync(file, text)
    return loadConfig({
      file,
      env: { ONEGATE_ADMIN_LISTEN: '127.0.0.1:0', ONEGATE_ONEZONE_URL: onezone.url },
    })
  }
  const heading = /trustedProxies/.test(more) ? '' : 'trustedProxies: [127.0.0.1/32]\n'
  const forwardAuth = more.includes('forwardAuth') ? '' : `forwardAuth: { listen: '${listen}' }\n`
  const gateway = await createGateway(await load(heading + forwardAuth + more + yaml), options)
  onTestFinished(() => gateway.close())
  const token = onezone.createTemporaryToken({ subject: ALICE })
  const url = gateway.forwardAuthUrl ?? ''
  const metrics = async () => (await fetch(`${gateway.adminUrl}/metrics`)).text()
  const ask = (path: string, rawHeaders: readonly string[], method = 'GET') =>
    askAt(url, path, rawHeaders, method)
  return {
    onezone,
    gateway,
    directory,
    token,
    url,
    port: Number(url.split(':').at(-1)),
    ask,
    metrics,
    load,
  }
}

/** Sends one question with exactly these fields (name, value …), repeats included. */
export function askAt(
  url: string,
  path: string,
  rawHeaders: readonly string[],
  method = 'GET',
): Promise<Asked> {
  const target = url.startsWith('unix:')
    ? { socketPath: url.slice('unix:'.length) }
    : { host: '127.0.0.1', port: Number(new URL(url).port) }
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
  const headers = names.includes('host') ? [...rawHeaders] : ['Host', 'door', ...rawHeaders]
  return new Promise((resolve, reject) => {
    const asking = request(
      { ...target, path, method, headers, agent: false, setHost: false },
      (answer) => {
        let body = ''
        answer.setEncoding('utf8')
        answer.on('data', (chunk: string) => (body += chunk))
        answer.on('end', () => {
          const code = /"code":"(\w+)"/.exec(body)?.[1] ?? null
          resolve({ status: answer.statusCode ?? 0, code, headers: answer.headers, body })
        })
      },
    )
    asking.on('error', reject)
    asking.end()
  })
}

/** The fields by which a proxy of a dialect describes a request. */
export function describeRequest(
  dialect: string,
  { method = 'GET', target = '/a', host = 'api.example.org', address = '192.0.2.7' } = {},
): [path: string, fields: string[]] {
  const path = `/auth/${dialect}`
  switch (dialect) {
    case 'nginx':
      return [
        path,
        [
          'X-Original-Method',
          method,
          'X-Original-URL',
          `https://${host}${target}`,
          'X-Forwarded-For',
          address,
        ],
      ]
    case 'nginx-gateway':
      return [path, ['Method', method, 'Host', host, 'Path', target]]
    case 'envoy':
      return [`${path}${target}`, ['Host', host, 'X-Forwarded-For', address]]
    default:
      return [
        path,
        [
          'X-Forwarded-Method',
          method,
          'X-Forwarded-Host',
          host,
          'X-Forwarded-Uri',
          target,
          'X-Forwarded-Proto',
          'https',
          'X-Forwarded-For',
          address,
        ],
      ]
  }
}

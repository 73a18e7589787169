import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { onTestFinished } from 'vitest'

import { createGateway, loadConfig } from '../../src/gateway/index.ts'
import type { Logger } from '../../src/logger.ts'
import type { Identity } from './certificates.ts'
import { startUpstream } from './upstream.ts'

export interface TlsGatewayOptions {
  readonly clientCa?: string
  /** Of `tls`, beside the files. */
  readonly settings?: string
  /** @default a public one to an upstream of its own */
  readonly routes?: (upstream: string) => string
  /** What else stands in the file. @default nothing */
  readonly more?: string
  readonly logger?: Logger
}

/**
 * A gateway with a TLS listener and a public route, whose files the test may replace. At the end of the test it waits
 * for no connection, unless `more` says how long with `shutdown`.
 */
export async function startTls(identity: Identity, options: TlsGatewayOptions = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'onegate-tls-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const write = (name: string, text: string): void => writeFileSync(join(directory, name), text)
  const replace = ({ cert, key }: Identity): void => {
    write('cert.pem', cert)
    write('key.pem', key)
  }
  replace(identity)
  if (options.clientCa !== undefined) write('ca.pem', options.clientCa)
  const upstream = await startUpstream()
  const { more = '' } = options
  const shutdown = /^shutdown:/m.test(more) ? '' : 'shutdown: { drainMs: 0 }\n'
  const { routes = (url) => `[{ path: /**, token: none, upstream: '${url}' }]` } = options
  const clientCa = options.clientCa === undefined ? '' : 'clientCaFile: ca.pem, '
  write(
    'onegate.yaml',
    `
listen: 127.0.0.1:0
adminListen: 127.0.0.1:0
onezone: { url: 'http://127.0.0.1:9' }
tls: { certFile: cert.pem, keyFile: key.pem, ${clientCa}${options.settings ?? ''} }
reload: { intervalMs: 100 }
routes: ${routes(upstream.url)}
${shutdown}${more}`,
  )
  const load = () => loadConfig({ file: join(directory, 'onegate.yaml') })
  const gateway = await createGateway(await load(), { logger: options.logger })
  onTestFinished(() => gateway.close())
  const port = Number(new URL(gateway.url).port)
  return { directory, write, replace, upstream, gateway, load, port }
}

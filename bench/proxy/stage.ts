import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { DevOnezone } from '../../src/dev-onezone/index.ts'
import { createDevOnezone } from '../../src/dev-onezone/index.ts'
import type { NodeChild } from '../child.ts'
import { startChild } from '../child.ts'
import { programPath } from '../product.ts'
import type { OpenSuite } from '../suite.ts'

/** What all contenders stand between, and what ends with it. */
export interface Stage {
  /** The directory of the compiled product. */
  readonly product: string
  /** For files; in memory where the system has such a file system. Removed at the end. */
  readonly directory: string
  readonly upstream: NodeChild
  /** Base URL. */
  readonly upstreamUrl: string
  /** In this process, which does nothing else during the load: the calls of the gateway are counted exactly. */
  readonly onezone: DevOnezone
  /** Another, which is asked for the peers. */
  readonly peersOnezone: DevOnezone
  /** Another, which takes `SLOW_MS` for each answer. */
  readonly slowOnezone: DevOnezone
  /**
   * Starts a gateway with two routes: `/public/**` without a token, all else with one.
   *
   * @param workers How many processes carry the traffic. @default 1
   * @param more Further settings. @default none
   */
  startGateway(onezone: DevOnezone, workers?: number, more?: object): Promise<NodeChild>
  /** Starts the server that the peers ask, see `programs/introspection.ts`. */
  startIntrospection(): Promise<NodeChild>
  /** To be done when all is over. */
  atEnd(closer: () => Promise<void>): void
  close(): Promise<void>
}

export const SLOW_MS = 20

const MEMORY = '/dev/shm'

/**
 * Starts what surrounds a gateway.
 *
 * @param target Program of the upstream. @default one that always gives the small answer
 * @throws {Error} if one of them does not start; then none is left running.
 */
async function openStage(product: string, target = 'targets/upstream.ts'): Promise<Stage> {
  const closers: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) await closer()
  }
  const start = async (name: string, args: readonly string[]): Promise<NodeChild> => {
    const child = await startChild(name, args)
    closers.push(() => child.stop())
    return child
  }
  try {
    const directory = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'onegate-bench-'))
    const remove = (): void => rmSync(directory, { recursive: true, force: true })
    // A signal ends the process without the closers.
    process.once('exit', remove)
    closers.push(async () => remove())
    chmodSync(directory, 0o755)

    const openOnezone = async (): Promise<DevOnezone> => {
      const opened = await createDevOnezone()
      closers.push(() => opened.close())
      return opened
    }
    const onezone = await openOnezone()
    const peersOnezone = await openOnezone()
    const slowOnezone = await openOnezone()
    slowOnezone.setFaults([{ operation: '*', kind: 'latency', latencyMs: SLOW_MS }])
    const upstream = await start('the upstream', ['--import', 'tsx', target])
    const upstreamUrl = upstream.ready['upstream'] ?? ''

    return {
      product,
      directory,
      upstream,
      upstreamUrl,
      onezone,
      peersOnezone,
      slowOnezone,
      async startGateway({ url, port }, workers = 1, more = {}) {
        const file = join(directory, `gateway-${port}-${workers}.yaml`)
        writeFileSync(file, gatewayConfig(url, upstreamUrl, { workers, ...more }))
        const serve = [join(product, 'dist/cli/main.js'), 'serve', '--json', '--config', file]
        return start('the gateway', serve)
      },
      async startIntrospection() {
        const program = programPath(product, 'introspection')
        return start('the introspection server', [program, peersOnezone.url])
      },
      atEnd: (closer) => void closers.push(closer),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Opens a suite on a stage of its own, which ends with it, or with what went wrong. */
export async function openOnStage(
  product: string,
  open: (stage: Stage) => Promise<Omit<OpenSuite, 'close'>>,
  target?: string,
): Promise<OpenSuite> {
  const stage = await openStage(product, target)
  try {
    return { ...(await open(stage)), close: () => stage.close() }
  } catch (error) {
    await stage.close()
    throw error
  }
}

/** JSON is YAML. */
function gatewayConfig(onezoneUrl: string, upstream: string, more: object): string {
  return JSON.stringify({
    listen: '127.0.0.1:0',
    adminListen: '127.0.0.1:0',
    onezone: { url: onezoneUrl },
    ...more,
    routes: [
      { path: '/public/**', token: 'none', upstream },
      { path: '/**', token: 'access', upstream },
    ],
  })
}

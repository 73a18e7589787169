import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { DevOnezone } from '../../src/dev-onezone/index.ts'
import { createDevOnezone } from '../../src/dev-onezone/index.ts'
import type { NodeChild } from '../child.ts'
import { startChild } from '../child.ts'
import { programPath } from '../product.ts'
import type { OpenSuite } from '../suite.ts'

/** A gateway with two routes: `/public/**` without a token, all else with one. */
export interface Gateway extends NodeChild {
  /** Base URL. */
  readonly url: string
  /** What it asks. */
  readonly onezone: DevOnezone
  /** The directory of the compiled product. */
  readonly product: string
}

/** What all contenders stand between, and what ends with it. */
export interface Stage {
  /** The directory of the compiled product. */
  readonly product: string
  /** For files; in memory where the system has such a file system. Removed at the end. */
  readonly directory: string
  readonly upstream: NodeChild
  /** Base URL of the upstream. */
  readonly upstreamUrl: string
  /**
   * Opens a Onezone in this process, which does nothing else during the load: calls are counted exactly.
   *
   * @param latencyMs How long it takes for each answer. @default 0
   */
  openOnezone(latencyMs?: number): Promise<DevOnezone>
  /** @param more Further settings. @default none */
  startGateway(onezone: DevOnezone, more?: object): Promise<Gateway>
  /** Starts one of `programs/` that serves. */
  startProgram(name: string, args?: readonly string[]): Promise<NodeChild>
  /** To be done when all is over. */
  atEnd(closer: () => Promise<void>): void
}

/** Opens a suite on a stage of its own, which ends with it, or with what went wrong. */
export async function openOnStage(
  product: string,
  open: (stage: Stage) => Promise<Omit<OpenSuite, 'close'>>,
): Promise<OpenSuite> {
  const closers: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) await closer()
  }
  try {
    const stage = await openStage(product, (closer) => void closers.push(closer))
    return { ...(await open(stage)), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function openStage(product: string, atEnd: Stage['atEnd']): Promise<Stage> {
  const home = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  const directory = mkdtempSync(join(home, 'onegate-bench-'))
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  // A signal ends the process without the closers.
  process.once('exit', remove)
  atEnd(async () => remove())
  chmodSync(directory, 0o755)

  const start = async (name: string, args: readonly string[]): Promise<NodeChild> => {
    const child = await startChild(name, args)
    atEnd(() => child.stop())
    return child
  }
  const startProgram: Stage['startProgram'] = (name, args = []) =>
    start(name, [programPath(product, name), ...args])
  const upstream = await startProgram('upstream')
  const upstreamUrl = upstream.ready['url'] ?? ''
  let gateways = 0
  return {
    product,
    directory,
    upstream,
    upstreamUrl,
    startProgram,
    atEnd,
    async openOnezone(latencyMs = 0) {
      const onezone = await createDevOnezone()
      atEnd(() => onezone.close())
      if (latencyMs > 0) onezone.setFaults([{ operation: '*', kind: 'latency', latencyMs }])
      return onezone
    },
    async startGateway(onezone, more = {}) {
      const file = join(directory, `gateway-${gateways++}.yaml`)
      const config = {
        listen: '127.0.0.1:0',
        adminListen: '127.0.0.1:0',
        onezone: { url: onezone.url },
        ...more,
        routes: [
          { path: '/public/**', token: 'none', upstream: upstreamUrl },
          { path: '/**', token: 'access', upstream: upstreamUrl },
        ],
      }
      // JSON is YAML.
      writeFileSync(file, JSON.stringify(config))
      const serve = [join(product, 'dist/cli/main.js'), 'serve', '--json', '--config', file]
      const child = await start('the gateway', serve)
      return { ...child, url: child.ready['gateway'] ?? '', onezone, product }
    },
  }
}

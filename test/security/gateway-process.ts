import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { startOnegate } from '../cli/onegate-process.ts'

/** A running gateway. */
export interface GatewayProcess {
  readonly port: number
  readonly adminPort: number
  readonly pid: number
  /** Everything that it wrote. */
  written(): string
  isAlive(): boolean
  /** Changes its configuration file. */
  configure(text: string): void
  signal(name: NodeJS.Signals): void
  /** Lets its output fill its pipes from now on. */
  readNoMore(): void
  stop(): Promise<number | null>
}

/** Starts `onegate serve` with this text as its configuration. */
export async function startGatewayProcess(
  text: string,
  env: Readonly<Record<string, string>> = {},
): Promise<GatewayProcess> {
  const directory = mkdtempSync(join(tmpdir(), 'onegate-security-'))
  const file = join(directory, 'onegate.yaml')
  writeFileSync(file, text)
  const onegate = startOnegate(['serve', '--config', file, '--json'], {
    env,
  })
  const { child } = onegate
  let printed = ''
  child.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  const { gateway, admin } = await onegate.ready<{ gateway: string; admin: string }>()
  return {
    port: Number(new URL(gateway).port),
    adminPort: Number(new URL(admin).port),
    pid: child.pid ?? 0,
    written: () => printed + onegate.stderr(),
    isAlive: () => child.exitCode === null && child.signalCode === null,
    configure: (changed) => writeFileSync(file, changed),
    signal: (name) => void child.kill(name),
    readNoMore() {
      child.stdout?.pause()
      child.stderr?.pause()
    },
    async stop() {
      child.stdout?.resume()
      child.stderr?.resume()
      const { code } = await onegate.stop()
      rmSync(directory, { recursive: true })
      return code
    },
  }
}

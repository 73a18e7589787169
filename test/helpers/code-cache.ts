import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, execPath } from 'node:process'

/** It serves, with a worker, and needs neither of the two servers for that. */
const CONFIGURATION = `
listen: 127.0.0.1:0
adminListen: 127.0.0.1:0
onezone: { url: 'http://127.0.0.1:1' }
routes: [{ id: all, path: /**, upstream: 'http://127.0.0.1:1' }]
shutdown: { drainMs: 0 }
`

/** Lets `onegate serve` start and end once, so that it keeps what V8 has compiled by then. */
export async function warmUp(program: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'onegate-warm-up-'))
  const file = join(directory, 'onegate.yaml')
  writeFileSync(file, CONFIGURATION)
  const child = spawn(execPath, [program, 'serve', '--config', file, '--json', '--workers', '2'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: env['PATH'], TEST_KEEP_CODE: '1', ONEGATE_LOG_LEVEL: 'error' },
  })
  child.stdout.once('data', () => child.kill('SIGTERM'))
  const [code] = (await once(child, 'exit')) as [number | null]
  rmSync(directory, { recursive: true })
  if (code !== 0) throw new Error(`the program that was bundled for tests does not serve: ${code}`)
}

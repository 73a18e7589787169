import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import type { ClosedLoop, ClosedLoopResult } from '../programs/closed-loop.ts'

/** How long an answer may take, in seconds. */
const ANSWER_SECONDS = 5

/**
 * The load by wrk, which costs a fraction of what a load in JavaScript costs and leaves that time to what is measured.
 *
 * It looks at statuses only; of bodies it counts the bytes.
 *
 * @param directory Where the fresh tokens are written for it.
 */
export async function runWrk(load: ClosedLoop, directory: string): Promise<ClosedLoopResult> {
  const { url, headers, connections, seconds, fresh, kind = 'plain' } = load
  const env: Record<string, string> = { KIND: kind }
  if (fresh !== null) {
    env['FRESH_TOKENS'] = join(directory, 'fresh-tokens')
    env['FRESH_EVERY'] = String(fresh.every)
    writeFileSync(env['FRESH_TOKENS'], fresh.tokens.join('\n'))
  }
  const args = [
    '--threads=1',
    `--connections=${connections}`,
    // It knows whole seconds only.
    `--duration=${Math.max(1, Math.round(seconds))}s`,
    `--timeout=${ANSWER_SECONDS}s`,
    ...Object.entries(headers).map(([name, value]) => `--header=${name}: ${value}`),
    `--script=${join(import.meta.dirname, 'wrk.lua')}`,
    url,
  ]
  const { stdout } = await promisify(execFile)('wrk', args, {
    env: { PATH: process.env['PATH'], ...env },
    timeout: (seconds + 2 * ANSWER_SECONDS) * 1000,
    killSignal: 'SIGKILL',
  })
  const line = stdout.split('\n').find((text) => text.startsWith('{'))
  if (line === undefined) throw new Error(`wrk did not say what it found out: ${stdout}`)
  return JSON.parse(line) as ClosedLoopResult
}

/**
 * Sends requests at a fixed rate, whether answers come or not (an open loop), and says what became of each. The planned
 * requests take turns.
 */

import { setTimeout as sleep } from 'node:timers/promises'

import { Agent, request } from 'undici'

import type { PlannedRequest } from '../verdicts/good-users.ts'
import { runAsProgram } from './run-as-program.ts'

export interface SteadyLoadInput {
  /** Base URL. */
  readonly url: string
  readonly requests: readonly PlannedRequest[]
  readonly perSecond: number
  readonly seconds: number
  /** At most so many at once; null: as many as it takes. */
  readonly connections: number | null
  /** How long answers are waited for when the last request was due; what is open then counts as not answered. */
  readonly graceMs: number
}

/** When a request was to be sent (milliseconds since 1970), how long after that it was answered, and its status; 0: not. */
export type Sample = readonly [dueAtMs: number, durationMs: number, status: number]

await runAsProgram(async (input: SteadyLoadInput): Promise<readonly Sample[]> => {
  const { url, requests, perSecond, seconds, connections, graceMs } = input
  const dispatcher = new Agent({ connections, pipelining: 1 })
  const samples: Sample[] = []
  const epochMs = Date.now() - performance.now()

  const send = async ({ path, headers }: PlannedRequest, dueMs: number): Promise<void> => {
    let status = 0
    try {
      const { statusCode, body } = await request(url + path, { dispatcher, headers })
      await body.dump()
      status = statusCode
    } catch {
      // Not answered; that is what the status says.
    }
    samples.push([epochMs + dueMs, performance.now() - dueMs, status])
  }

  const startMs = performance.now()
  const total = perSecond * seconds
  const sent: Promise<void>[] = []
  while (sent.length < total) {
    const due = Math.min(total, ((performance.now() - startMs) / 1000) * perSecond)
    while (sent.length < due) {
      const planned = requests[sent.length % requests.length]
      if (planned === undefined) throw new Error('there is nothing to send')
      // From the moment at which it was due: a late sender must not make a slow answer look fast.
      sent.push(send(planned, startMs + (sent.length / perSecond) * 1000))
    }
    await sleep(1)
  }
  await Promise.race([Promise.all(sent), sleep(graceMs, null, { ref: false })])
  await dispatcher.destroy()
  await Promise.all(sent)
  return samples
})

import { strict as assert } from 'node:assert'

import { Agent, request } from 'undici'

import type { Experiment } from '../study.ts'
import { SMALL_ANSWER } from '../targets/small-answer.ts'
import type { Rig } from './rig.ts'
import { addressOf, from, openRig } from './rig.ts'

const REQUESTS = 1_000
const TRIALS = 5

/** How long Onezone takes, in milliseconds: so long that all requests are there before the first answer. */
const ONEZONE_LATENCY_MS = 500

interface Herd {
  readonly calls: number

  readonly elapsedMs: number
}

/** Everybody comes at once with a token that nobody has seen. */
export function herd(product: string): Experiment {
  let rig: Rig | null = null
  let agent: Agent | null = null

  const run = async (requests: number): Promise<Herd> => {
    if (rig === null || agent === null) throw new Error('the herd has not been checked')
    const { onezone, url, verifyCalls } = rig
    const dispatcher = agent
    const token = onezone.createTemporaryToken({ subject: { type: 'user', id: 'alice' } })
    const before = verifyCalls()
    const begun = performance.now()
    const answers = await Promise.all(
      Array.from({ length: requests }, async (_, index) => {
        const headers = from(addressOf(index), token)
        const { statusCode, body } = await request(`${url}/good/files/1`, { dispatcher, headers })
        return { statusCode, text: await body.text() }
      }),
    )
    const elapsedMs = performance.now() - begun
    for (const { statusCode, text } of answers) {
      assert.equal(statusCode, 200, 'a request of the herd')
      assert.equal(text, SMALL_ANSWER)
    }
    return { calls: verifyCalls() - before, elapsedMs }
  }

  return {
    name: 'herd: 1 000 requests on one cold token',
    method:
      `${REQUESTS} requests at once, each over its own connection and from its own client address, to a gateway ` +
      `process in front of the embedded Onezone, which takes ${ONEZONE_LATENCY_MS} ms to answer; ${TRIALS} trials, each ` +
      'with a token that nobody has seen. Every request must get the right answer.',
    async check() {
      rig = await openRig(product)
      agent = new Agent({ pipelining: 1 })
      rig.onezone.setFaults([
        { operation: 'verifyAccessToken', kind: 'latency', latencyMs: ONEZONE_LATENCY_MS },
      ])
      assert.equal((await run(10)).calls, 1, 'calls for ten requests')
    },
    async measure() {
      const herds: Herd[] = []
      for (let trial = 0; trial < TRIALS; trial++) herds.push(await run(REQUESTS))
      const calls = herds.map((each) => each.calls)
      return [
        {
          what: 'calls to Onezone, most of all trials',
          value: Math.max(...calls),
          unit: '',
          digits: 0,
          goal: { exactly: 1 },
          remark: `in the trials: ${calls.join(', ')}`,
        },
        {
          what: 'until the last of them was answered, longest',
          value: Math.max(...herds.map((each) => each.elapsedMs)),
          unit: 'ms',
          digits: 0,
          remark: `Onezone’s ${ONEZONE_LATENCY_MS} ms and 1 000 new connections are part of it`,
        },
      ]
    },
    async close() {
      await agent?.destroy()
      await rig?.close()
      rig = null
    },
  }
}

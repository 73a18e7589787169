import { env } from 'node:process'

import fc from 'fast-check'
import { Pool } from 'undici'
import { expect, onTestFinished, test } from 'vitest'

import { createUpstreamPool } from '../../src/upstream/index.ts'
import { startRawUpstream } from '../helpers/raw-upstream.ts'
import type { RecordedExchange } from '../helpers/recorded-exchange.ts'
import { dispatchRecorded } from '../helpers/recorded-exchange.ts'
import type { ResponseScript } from '../helpers/response-scripts.ts'
import {
  brokenScripts,
  hasContinue,
  playScript,
  SAMPLES,
  validScripts,
} from '../helpers/response-scripts.ts'

/** `PROPERTY_RUNS=20000` for a longer look, `PROPERTY_SEED` to see one again. */
const RUNS = Number(env['PROPERTY_RUNS'] ?? 300)
const SEED = env['PROPERTY_SEED']
const PARAMETERS = { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) }

/** Long enough for any number of runs that anybody asks for. */
const TIMEOUT_MS = 30_000 + RUNS * 50

interface Pair {
  readonly ours: RecordedExchange
  readonly theirs: RecordedExchange
}

/** Plays a script to both transports. */
async function startPair(): Promise<(script: ResponseScript) => Promise<Pair>> {
  let script: ResponseScript | null = null
  const upstream = await startRawUpstream((socket) => void playScript(socket, script))
  const own = createUpstreamPool({ host: '127.0.0.1', port: upstream.port, connectMs: 5_000 })
  const undici = new Pool(upstream.url, { connections: 1 })
  onTestFinished(async () => {
    await own.destroy()
    await undici.destroy()
  })
  return async (next) => {
    script = next
    const options = { origin: upstream.url, method: next.method }
    const theirs = await dispatchRecorded(undici, options).settled
    return { ours: await dispatchRecorded(own, options).settled, theirs }
  }
}

/** What a client can tell apart; some parsers keep the spaces around a value. */
const seen = (exchange: RecordedExchange): unknown => ({
  status: exchange.status,
  fields: trimmed(exchange),
  body: exchange.body,
  outcome: exchange.outcome,
})

const trimmed = ({ fields }: RecordedExchange): string[] =>
  fields.map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''))

test('every valid response is what undici says it is', { timeout: TIMEOUT_MS }, async () => {
  const play = await startPair()
  await fc.assert(
    fc.asyncProperty(validScripts, async (script) => {
      const { ours, theirs } = await play(script)
      expect(theirs.outcome).toBe('end')
      expect(seen(ours)).toEqual(seen(theirs))
    }),
    PARAMETERS,
  )
})

test(
  'a broken response is what undici says it is, or is refused',
  { timeout: TIMEOUT_MS },
  async () => {
    const play = await startPair()
    let taken = 0
    await fc.assert(
      fc.asyncProperty(brokenScripts, async (script) => {
        const { ours, theirs } = await play(script)
        if (ours.outcome === 'error') return
        if (theirs.outcome === 'error' && hasContinue(script)) return
        taken++
        if (ours.status === 204 || ours.status === 304) {
          // RFC 9112 §6.3: they end with their head, whatever fields they have. undici waits for what those announce.
          expect(ours.body).toBe('')
          expect(trimmed(ours)).toEqual(trimmed(theirs))
          return
        }
        expect(seen(ours)).toEqual(seen(theirs))
      }),
      PARAMETERS,
    )
    // Many a change changes nothing that matters; if all were refused, this would compare nothing.
    expect(taken).toBeGreaterThan(RUNS / 20)
  },
)

test.each(SAMPLES)('a response cut at any byte is the same: %j', async (bytes) => {
  const play = await startPair()
  const whole = await play({ parts: [bytes], ending: 'stay', valid: true, method: 'GET' })
  expect(seen(whole.ours)).toEqual(seen(whole.theirs))
  for (let at = 1; at < bytes.length; at++) {
    const parts = [bytes.slice(0, at), bytes.slice(at)]
    const { ours } = await play({ parts, ending: 'stay', valid: true, method: 'GET' })
    expect(seen(ours), `cut at ${at}`).toEqual(seen(whole.ours))
  }
  const { ours } = await play({ parts: [...bytes], ending: 'stay', valid: true, method: 'GET' })
  expect(seen(ours), 'byte by byte').toEqual(seen(whole.ours))
})

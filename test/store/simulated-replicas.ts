/**
 * How often N gateways ask Onezone about the trace of the science cluster (`npm run bench -- verdicts`), each for itself
 * and with a store between them, in simulated time: `npx tsx test/store/simulated-replicas.ts [seconds]`. Requests go
 * to any of the gateways; the classes are the product's, all but the store and Onezone, which takes 20 ms.
 *
 * @module
 */

import { argv, stdout } from 'node:process'

import type { Dispatcher } from 'undici'

import { createClusterTrace } from '../../bench/programs/cluster-trace.ts'
import { requestOf } from '../../bench/programs/verdict-model.ts'
import { createVerification } from '../../src/verification/index.ts'
import { isAccepted } from '../../src/verifier/index.ts'
import { createRandom } from '../verification/model/random.ts'
import { createSimulatedTime, EPOCH_MS } from '../verification/model/simulated-time.ts'
import { createMemoryServer } from './memory-server.ts'

const [seconds = 300] = argv.slice(2).map(Number)
const SECRET = 'a secret of the store, long enough for anybody'
const ONEZONE_MS = 20
const STORE_MS = 1
const BUDGET = { perAddressPerSecond: 1e6, perSubjectPerSecond: 1e6 }
const trace = createClusterTrace(
  { users: 200, tokensPerUser: 50, addresses: 1_000, seconds, requestsPerSecond: 1_000, seed: 1 },
  EPOCH_MS,
)
const asked = trace.requests.map(({ atMs, token, peerIp }) => ({
  atMs,
  request: requestOf(token, peerIp),
}))

interface Outcome {
  /** How often Onezone was asked. */
  readonly questions: number
  /** How many requests had to wait, and how long on average. */
  readonly waited: number
  readonly waitMs: number
  readonly commands: number
}

async function replay(count: number, isShared: boolean): Promise<Outcome> {
  const chance = createRandom(count)
  const time = createSimulatedTime(chance)
  const uninstall = time.install(chance)
  const clock = time.clockOf(1_000_000)
  const server = createMemoryServer({ clock, schedule: time.schedule, random: () => chance.next() })
  server.faults = { ...server.faults, delayMs: STORE_MS }
  let questions = 0
  let commands = 0
  const dispatcher = answering((body, answer) => {
    questions += 1
    const { subject } = subjects.get((JSON.parse(body) as { token: string }).token) ?? {}
    time.schedule(ONEZONE_MS, () => answer(JSON.stringify({ subject, ttl: 86_400 })))
  })
  const store = {
    secret: SECRET,
    open: () => server.open(),
  }
  const gates = Array.from({ length: count }, () =>
    createVerification({
      onezone: { url: 'https://onezone.example.org', dispatcher, clock },
      ...(isShared ? { store } : {}),
      verdicts: { budget: BUDGET },
      clock,
      schedule: time.schedule,
      random: () => chance.next(),
      onStoreEvent: () => void (commands += 1),
    }),
  )
  let waited = 0
  let waitedMs = 0
  let others = 0
  try {
    // Until all know the store's clock.
    await time.pass(1_100)
    const startMs = time.nowMs
    for (const { atMs, request } of asked) {
      const aheadMs = startMs + atMs - time.nowMs
      if (aheadMs > 0) await time.pass(aheadMs)
      const sentAtMs = time.nowMs
      const answer = chance.pick(gates).verifier.verify(request)
      if (!(answer instanceof Promise)) continue
      waited += 1
      answer.then(
        ({ verdict }) => {
          if (isAccepted(verdict)) waitedMs += time.nowMs - sentAtMs
        },
        () => void (others += 1),
      )
    }
    await time.pass(1_000)
  } finally {
    for (const gate of gates) void gate.close()
    uninstall()
  }
  if (others > 0) throw new Error(`${others} requests got no verdict`)
  return { questions, waited, waitMs: waitedMs / waited, commands }
}

/** By the text of the token. */
const subjects = new Map(trace.requests.map(({ token }) => [token.serialized, token]))

/** Onezone behind HTTP, as plain as can be. */
function answering(judge: (body: string, answer: (text: string) => void) => void): Dispatcher {
  const controller = { abort() {}, pause() {}, resume() {} }
  const dispatch: Dispatcher['dispatch'] = ({ body }, handler) => {
    const controlled = controller as unknown as Dispatcher.DispatchController
    handler.onRequestStart?.(controlled, {})
    judge(body as string, (text) => {
      handler.onResponseStart?.(controlled, 200, { 'content-type': 'application/json' }, '')
      handler.onResponseData?.(controlled, Buffer.from(text))
      handler.onResponseEnd?.(controlled, {})
    })
    return true
  }
  return { dispatch } as Dispatcher
}

stdout.write(
  '| gateways | questions a second, alone | with a store | times fewer | requests that wait |\n',
)
for (const count of [1, 3, 10]) {
  const [alone, shared] = [await replay(count, false), await replay(count, true)]
  const rate = (value: number): string => (value / seconds).toFixed(1)
  const fewer = (alone.questions / shared.questions).toFixed(2)
  const wait = ({ waited, waitMs }: Outcome): string =>
    `${rate(waited)}/s × ${waitMs.toFixed(1)} ms`
  stdout.write(
    `| ${count} | ${rate(alone.questions)} | ${rate(shared.questions)} | ${fewer} | ` +
      `${wait(alone)} → ${wait(shared)} (store: ${rate(shared.commands)}/s) |\n`,
  )
}

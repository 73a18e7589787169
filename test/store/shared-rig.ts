import { setImmediate } from 'node:timers/promises'

import type { Dispatcher } from 'undici'
import { Agent } from 'undici'
import { onTestFinished } from 'vitest'

import { parseToken } from '../../src/token/index.ts'
import type { InvalidationSelector, Rejection, Verification } from '../../src/verification/index.ts'
import { createVerification } from '../../src/verification/index.ts'
import type { Question } from '../../src/verifier/index.ts'
import { isAccepted } from '../../src/verifier/index.ts'
import { createFakeTime } from '../helpers/fake-time.ts'
import { startOnezone } from '../helpers/onezone.ts'
import { question } from '../verification/gate-rig.ts'
import type { MemoryServer } from './memory-server.ts'
import { createMemoryServer } from './memory-server.ts'

export const SECRET = 'a secret of the store, long enough for anybody'

export interface RiggedGate {
  readonly verification: Verification
  readonly rejected: Rejection[]
  readonly deaths: string[]
  readonly takenBack: InvalidationSelector[]
  /** Outcome or reason, and source. */
  readonly ask: (token: string, more?: Partial<Question>) => Promise<readonly [string, string]>
}

/** Some gates around one store, before the embedded Onezone, in a time that passes when told. */
export async function startSharedRig(
  count = 2,
  { secrets = [SECRET] }: { readonly secrets?: readonly string[] } = {},
) {
  const wire = createWatchedWire()
  const { settle } = wire
  const time = createFakeTime(settle)
  const { clock, schedule } = time
  const onezone = await startOnezone({ clock })
  const server: MemoryServer = createMemoryServer({ clock, schedule })
  const calls = (): number => onezone.calls().verifyAccessToken

  function open(
    name: string,
    more: { readonly secret?: string | readonly string[]; readonly url?: string } = {},
  ): RiggedGate {
    const rejected: Rejection[] = []
    const deaths: string[] = []
    const takenBack: InvalidationSelector[] = []
    const verification = createVerification({
      onezone: { url: more.url ?? onezone.url, dispatcher: wire.dispatcher },
      store: { secret: more.secret ?? secrets, open: () => server.open(name) },
      clock,
      schedule,
      random: () => 0.5,
      onStoreRejection: (reason) => void rejected.push(reason),
      onDeath: (reason) => void deaths.push(reason),
      onSharedInvalidation: (selector) => void takenBack.push(selector),
    })
    onTestFinished(() => verification.close())
    const ask: RiggedGate['ask'] = async (text, about = {}) => {
      const { verdict, source } = await verification.verifier.verify({
        ...question(),
        token: parseToken(text),
        ...about,
      })
      await settle()
      return [isAccepted(verdict) ? 'accepted' : verdict.reason, source]
    }
    return { verification, rejected, deaths, takenBack, ask }
  }

  const gates = Array.from({ length: count }, (_, index) => open('ABCDEFGH'[index] ?? ''))
  // Until all know the store's clock, and each other.
  await time.pass(1_000)
  const [a, b] = gates as [RiggedGate, RiggedGate]
  return { ...time, settle, onezone, server, calls, open, gates, a, b }
}

/** A way to Onezone of which it can be waited for that nothing is on it. */
function createWatchedWire(): {
  readonly dispatcher: Dispatcher
  readonly settle: () => Promise<void>
} {
  const agent = new Agent()
  let underWay = 0
  onTestFinished(() => agent.close())
  const ended = (): void => void (underWay -= 1)
  const dispatcher = agent.compose((dispatch) => (options, handler) => {
    underWay += 1
    return dispatch(options, watched(handler, ended))
  })
  return {
    dispatcher,
    async settle() {
      for (let quiet = 0; quiet < 3; quiet = underWay === 0 ? quiet + 1 : 0) await setImmediate()
    },
  }
}

/** The same, which says when there is no more to come. */
function watched(
  handler: Dispatcher.DispatchHandler,
  ended: () => void,
): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (...given) => handler.onRequestStart?.(...given),
    onResponseStart: (...given) => handler.onResponseStart?.(...given),
    onResponseData: (...given) => handler.onResponseData?.(...given),
    onResponseEnd(...given) {
      ended()
      handler.onResponseEnd?.(...given)
    },
    onResponseError(...given) {
      ended()
      handler.onResponseError?.(...given)
    },
  }
}

import { setImmediate } from 'node:timers/promises'

import { Pool } from 'undici'
import { onTestFinished } from 'vitest'

import type { DevOnezone } from '../../src/dev-onezone/index.ts'
import type { OnezoneClientOptions } from '../../src/onezone/index.ts'
import type { WatchOutcome } from '../../src/revocation/index.ts'
import { parseToken } from '../../src/token/index.ts'
import type { Verification, VerificationOptions } from '../../src/verification/index.ts'
import { createVerification } from '../../src/verification/index.ts'
import { startOnezone } from '../helpers/onezone.ts'
import type { FakeTime } from '../helpers/fake-time.ts'
import { createFakeTime } from '../helpers/fake-time.ts'

export interface WatchedOnezone {
  readonly onezone: DevOnezone
  readonly verification: Verification
  readonly time: FakeTime
  readonly watchToken: string
  /** Every line of the log: level, facts, message. */
  readonly log: unknown[][]
  readonly outcomes: WatchOutcome[]
  /** Outcome or refusal reason of a request with that token. */
  readonly ask: (token: string) => Promise<string>
  /** Lets time pass while these tokens are used all the time, eight times per two seconds. */
  readonly passUsing: (ms: number, ...tokens: string[]) => Promise<void>
  /** How many milliseconds it takes until the token is refused, while it is used all the time. */
  readonly untilRefused: (token: string) => Promise<number>
  /** Generations and statuses that were read. */
  readonly reads: () => number
}

/**
 * A verification before the embedded Onezone, over real sockets, both on a clock that moves when told. Without `watch`
 * in the settings it has a good watch token and the usual interval.
 */
export async function startWatched(
  settings: Partial<Omit<VerificationOptions, 'onezone'>> & {
    readonly onezone?: Partial<OnezoneClientOptions>
  } = {},
): Promise<WatchedOnezone> {
  let sent = 0
  let ended = 0
  // What a step of time sets off has ended when as many calls have ended as were sent.
  const settle = async (): Promise<void> => {
    do await setImmediate()
    while (sent > ended)
    if (sent > ended) await settle()
  }
  let using: readonly string[] = []
  const time = createFakeTime(settle, () => using.forEach((token) => void ask(token)))
  const { clock, schedule } = time
  const onezone = await startOnezone({ clock })
  onezone.createUser('watcher', { ozPrivileges: ['oz_tokens_manage'] })
  const watchToken = onezone.createTemporaryToken({ subject: { type: 'user', id: 'watcher' } })
  const pool = new Pool(onezone.url)
  onTestFinished(() => pool.destroy())
  const log: unknown[][] = []
  const write =
    (level: string) =>
    (...line: unknown[]) =>
      void log.push([level, ...line])
  const outcomes: WatchOutcome[] = []
  const verification = createVerification({
    watch: { token: watchToken },
    clock,
    schedule,
    random: () => 0.5,
    logger: {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
    },
    onWatchRead: (outcome) => void outcomes.push(outcome),
    ...settings,
    onezone: {
      url: onezone.url,
      dispatcher: pool.compose((dispatch) => (request, handler) => {
        sent += 1
        return dispatch(request, handler)
      }),
      maxAttempts: 1,
      onCall: () => void (ended += 1),
      ...settings.onezone,
    },
  })
  onTestFinished(() => verification.close())

  async function ask(token: string): Promise<string> {
    try {
      const { verdict } = await verification.verifier.verify({
        token: parseToken(token),
        kind: 'access',
        peerIp: '10.0.0.1',
        interface: 'rest',
        consumerToken: null,
        allowDataAccessCaveats: false,
        inviteType: null,
      })
      return verdict.outcome === 'accepted' ? 'accepted' : verdict.reason
    } catch {
      return 'fault'
    }
  }

  const passUsing = async (ms: number, ...tokens: string[]): Promise<void> => {
    using = tokens
    if (time.timers > 0) await time.pass(ms)
    for (let passed = 0; time.timers === 0 && passed < ms; passed += 250) {
      clock.advance(250)
      await Promise.all(tokens.map(ask))
      await settle()
    }
    using = []
  }

  return {
    onezone,
    verification,
    time,
    watchToken,
    log,
    outcomes,
    ask,
    passUsing,
    async untilRefused(token) {
      const startMs = clock.monotonic()
      while ((await ask(token)) === 'accepted') await passUsing(250, token)
      return clock.monotonic() - startMs
    },
    reads() {
      const { getTemporaryTokenGeneration, getNamedTokenStatus } = onezone.calls()
      return getTemporaryTokenGeneration + getNamedTokenStatus
    },
  }
}

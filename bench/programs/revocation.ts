/** How long after its revocation a token in use is refused, in real time, against the embedded Onezone. */

import { strict as assert } from 'node:assert'
import { setTimeout as sleep } from 'node:timers/promises'

import type { DevOnezone } from '../../src/dev-onezone/index.ts'
import { createDevOnezone } from '../../src/dev-onezone/index.ts'
import { parseToken } from '../../src/token/index.ts'
import { createVerification } from '../../src/verification/index.ts'
import type { Verification } from '../../src/verification/index.ts'
import type { Verdict, VerificationRequest } from '../../src/verifier/index.ts'
import { runAsProgram } from './run-as-program.ts'
import { requestOf } from './verdict-model.ts'

export interface RevocationInput {
  /** Of each kind. */
  readonly trials: number
  readonly maxStalenessMs: number
  readonly watchIntervalMs: number
}

/** What became of the trials of one kind. */
export interface RevocationKind {
  readonly persistence: 'temporary' | 'named'
  readonly watched: boolean
  /** From each revocation to the first refusal, in milliseconds, in ascending order. */
  readonly delaysMs: readonly number[]
  /** Requests that were let through after the first refusal. */
  readonly grantsAfterwards: number
}

interface Trial {
  readonly persistence: RevocationKind['persistence']
  readonly watched: boolean
  readonly verification: Verification
  readonly request: VerificationRequest
  readonly revoke: () => void
  readonly firstUseMs: number
  readonly revokeMs: number
  revokedAtMs: number | null
  refusedAtMs: number | null
  grantsAfterwards: number
}

/** Each token is used this often. */
const USE_EVERY_MS = 10

/** Parts of the bound: spread of first uses, hence of the refreshes; earliest revocation; spread of revocations. */
const FIRST_USES = 0.75
const FIRST_REVOCATION = 0.8
const REVOCATIONS = 0.75
/** Each trial must be over so many bounds after its revocation. */
const PATIENCE = 1.2

await runAsProgram(async (input: RevocationInput): Promise<readonly RevocationKind[]> => {
  const { maxStalenessMs, watchIntervalMs } = input
  const onezone = await createDevOnezone()
  // Whoever watches everybody's tokens needs the privilege to manage them.
  onezone.createUser('watcher', { ozPrivileges: ['oz_tokens_manage'] })
  const watchToken = onezone.createTemporaryToken({ subject: { type: 'user', id: 'watcher' } })
  const options = { onezone: { url: onezone.url }, verdicts: { maxStalenessMs } }
  const watch = { token: watchToken, intervalMs: watchIntervalMs }
  const verifications = [createVerification(options), createVerification({ ...options, watch })]
  const trials = verifications.flatMap((verification, watched) =>
    newTrials(onezone, verification, watched === 1, input),
  )
  try {
    await runTrials(trials, maxStalenessMs)
    assert.deepEqual(
      verifications.map(({ watchState }) => watchState),
      ['off', 'active'],
      'the watch',
    )
  } finally {
    await Promise.all(verifications.map((verification) => verification.close()))
    await onezone.close()
  }
  return (['temporary', 'named'] as const).flatMap((persistence) =>
    [false, true].map((watched) => {
      const mine = trials.filter(
        (trial) => trial.persistence === persistence && trial.watched === watched,
      )
      return {
        persistence,
        watched,
        delaysMs: mine.map(delayOf).toSorted((a, b) => a - b),
        grantsAfterwards: mine.reduce((sum, trial) => sum + trial.grantsAfterwards, 0),
      }
    }),
  )
})

/** A user and a token of its own for each trial, so that no trial tells another anything. */
function newTrials(
  onezone: DevOnezone,
  verification: Verification,
  watched: boolean,
  { trials, maxStalenessMs }: RevocationInput,
): Trial[] {
  return (['temporary', 'named'] as const).flatMap((persistence) =>
    Array.from({ length: trials }, (_, number): Trial => {
      const id = `${persistence}-${watched ? 'watched' : 'unwatched'}-${number}`
      onezone.createUser(id)
      const { token, revoke } = newToken(onezone, persistence, id)
      return {
        persistence,
        watched,
        verification,
        request: requestOf(parseToken(token), `10.0.${number >> 8}.${number & 255}`),
        revoke,
        firstUseMs: Math.random() * FIRST_USES * maxStalenessMs,
        revokeMs: (FIRST_REVOCATION + Math.random() * REVOCATIONS) * maxStalenessMs,
        revokedAtMs: null,
        refusedAtMs: null,
        grantsAfterwards: 0,
      }
    }),
  )
}

function newToken(
  onezone: DevOnezone,
  persistence: Trial['persistence'],
  id: string,
): { token: string; revoke: () => void } {
  const subject = { type: 'user', id } as const
  if (persistence === 'temporary') {
    return {
      token: onezone.createTemporaryToken({ subject }),
      revoke: () => onezone.revokeTemporaryTokens(subject),
    }
  }
  const { tokenId, token } = onezone.createNamedToken({ subject, name: id })
  return { token, revoke: () => onezone.setNamedTokenRevoked(tokenId, true) }
}

async function runTrials(trials: readonly Trial[], maxStalenessMs: number): Promise<void> {
  const begunMs = performance.now()
  const endMs = begunMs + (FIRST_REVOCATION + REVOCATIONS + PATIENCE) * maxStalenessMs
  const open: Promise<void>[] = []
  while (performance.now() < endMs) {
    for (const trial of trials) {
      const nowMs = performance.now()
      if (nowMs - begunMs < trial.firstUseMs) continue
      if (trial.revokedAtMs === null && nowMs - begunMs >= trial.revokeMs) {
        trial.revoke()
        trial.revokedAtMs = performance.now()
      }
      const answer = trial.verification.verifier.verify(trial.request)
      if (answer instanceof Promise) open.push(answer.then(({ verdict }) => note(trial, verdict)))
      else note(trial, answer.verdict)
    }
    await sleep(USE_EVERY_MS)
  }
  await Promise.all(open)
}

function note(trial: Trial, { outcome, askedAtMs }: Verdict): void {
  if (outcome === 'accepted') {
    // Asked before the refusal, answered after it: it was let through late, not again.
    if (trial.refusedAtMs !== null && askedAtMs > trial.refusedAtMs) trial.grantsAfterwards += 1
    return
  }
  assert.ok(trial.revokedAtMs !== null, 'a token was refused that nobody had revoked')
  trial.refusedAtMs ??= performance.now()
}

function delayOf({ revokedAtMs, refusedAtMs, request }: Trial): number {
  assert.ok(revokedAtMs !== null, 'a token was not revoked')
  assert.ok(refusedAtMs !== null, `a revoked token is still in use: ${request.token.fingerprint}`)
  return refusedAtMs - revokedAtMs
}

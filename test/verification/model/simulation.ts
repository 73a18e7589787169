import type { Verdict, VerificationRequest } from '../../../src/verifier/index.ts'
import { accept, refuse } from '../../../src/verifier/index.ts'
import type { FakeClock } from '../../helpers/fake-clock.ts'
import { createFakeClock } from '../../helpers/fake-clock.ts'
import type { Gate } from '../gate-rig.ts'
import { createGate, noAnswer, settle } from '../gate-rig.ts'
import type { OracleWorld } from './onezone-oracle.ts'
import { judge } from './onezone-oracle.ts'
import type { Referee } from './referee.ts'
import { createReferee } from './referee.ts'
import type { Moment, RunSettings } from './run-settings.ts'
import { MAX_STALENESS_MS, TIMEOUT_MS } from './run-settings.ts'

/** The way to Onezone as it is now. */
export interface Network {
  readonly thereMs: number
  readonly backMs: number
  /** Whether answers get lost. */
  readonly down: boolean
}

interface Happening {
  readonly atMs: number
  readonly happen: () => void
}

/** The gate before a Onezone that is far away, in a time of their own. */
export interface Simulation {
  readonly clock: FakeClock
  readonly gate: Gate
  readonly referee: Referee
  readonly world: () => OracleWorld
  /** Onezone’s clock, in unix seconds. */
  readonly onezoneSeconds: () => number
  change(next: (world: OracleWorld) => OracleWorld): void
  setNetwork(network: Network): void
  /** Requests that arrive at the same moment. */
  use(requests: readonly VerificationRequest[]): Promise<void>
  advance(ms: number): Promise<void>
  /** How many requests have no answer yet. */
  readonly waiting: () => number
}

export function createSimulation(settings: RunSettings, start: OracleWorld): Simulation {
  const clock = createFakeClock()
  const epochMs = clock.now() - clock.monotonic() + settings.aheadMs
  const secondsAt = (monotonicMs: number): number => Math.floor((monotonicMs + epochMs) / 1000)
  const history: Moment[] = [{ fromMs: -Infinity, world: start }]
  const happenings: Happening[] = []
  let network: Network = { thereMs: 0, backMs: 0, down: false }
  let waiting = 0

  const world = (): OracleWorld => history[history.length - 1]!.world
  const at = (atMs: number, happen: () => void): void => {
    const later = happenings.findIndex((each) => each.atMs > atMs)
    happenings.splice(later < 0 ? happenings.length : later, 0, { atMs, happen })
  }

  const answer = (request: VerificationRequest, askedAtMs: number): Verdict => {
    const nowSeconds = secondsAt(clock.monotonic())
    const refusal = judge(world(), nowSeconds, request)
    if (refusal !== null) return refuse(refusal.reason, askedAtMs, refusal.caveat)
    const { subject, validUntil } = request.token
    const ttlSeconds = validUntil === null ? null : validUntil - nowSeconds
    return accept({ subject, ttlSeconds, askedAtMs })
  }

  const gate = createGate(
    {
      verify(request) {
        const askedAtMs = clock.monotonic()
        const { thereMs, backMs, down } = network
        referee.called(request)
        return new Promise((resolve, reject) => {
          const fail = (): void => {
            referee.failed(request)
            reject(noAnswer())
          }
          if (down || thereMs + backMs > TIMEOUT_MS) {
            at(askedAtMs + Math.min(thereMs + backMs, TIMEOUT_MS), fail)
            return
          }
          at(askedAtMs + thereMs, () => {
            const verdict = answer(request, askedAtMs)
            at(clock.monotonic() + backMs, () => {
              referee.answered(request, verdict)
              resolve({ verdict, source: 'onezone' })
            })
          })
        })
      },
      close: async () => {},
    },
    clock,
    {
      ...settings,
      maxStalenessMs: MAX_STALENESS_MS,
      random: () => settings.random,
      budget: { perAddressPerSecond: 1e9, perSubjectPerSecond: 1e9 },
      ...(settings.tiny ? { maxTokens: 2, maxFamilies: 1, maxStrangers: 1, maxRefusals: 1 } : {}),
    },
  )
  const referee = createReferee({ settings, clock, gate, history, secondsAt })

  /** Everything that is due until a moment, each with all that follows from it at once. */
  const drain = async (untilMs: number): Promise<void> => {
    await settle()
    for (;;) {
      const next = happenings[0]
      if (next === undefined || next.atMs > untilMs) return
      happenings.shift()
      clock.advance(Math.max(0, next.atMs - clock.monotonic()))
      next.happen()
      await settle()
    }
  }

  return {
    clock,
    gate,
    referee,
    world,
    onezoneSeconds: () => secondsAt(clock.monotonic()),
    change: (next) => void history.push({ fromMs: clock.monotonic(), world: next(world()) }),
    setNetwork: (next) => void (network = next),
    async use(requests) {
      referee.used()
      for (const request of requests) {
        waiting += 1
        const verified = (async () => gate.verifier.verify(request))()
        verified
          .then(
            (verification) => referee.decided(request, verification),
            (error: unknown) => referee.undecided(error),
          )
          .then(
            () => void (waiting -= 1),
            (error: unknown) => referee.objected(error),
          )
      }
      await drain(clock.monotonic())
      referee.verdict()
    },
    async advance(ms) {
      const untilMs = clock.monotonic() + ms
      await drain(untilMs)
      clock.advance(Math.max(0, untilMs - clock.monotonic()))
      referee.verdict()
    },
    waiting: () => waiting,
  }
}

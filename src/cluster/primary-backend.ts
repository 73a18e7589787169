import type { Clock, Schedule } from '../clock.ts'
import { VerifierFaultError } from '../errors.ts'
import type { Backend, BackendTraits, Question, SourcedVerdict } from '../verifier/index.ts'
import { isAccepted } from '../verifier/index.ts'
import { decodeAnswer } from './answer-codec.ts'
import { createAsking, GRACE_MS } from './asking.ts'
import type { FollowedTime } from './followed-time.ts'
import type { Channel } from './message.ts'
import { encodeQuestion } from './question-codec.ts'

/** Options of {@link createPrimaryBackend}. */
export interface PrimaryBackendOptions {
  readonly questions: Questions
  /** The traits of the primary's own backend. */
  readonly traits: BackendTraits
  /** How long the primary's own question may take, in milliseconds. */
  readonly totalTimeoutMs: number
  /** From which age on a fact must not be used without asking, in milliseconds. */
  readonly maxStalenessMs: number
  /** How much longer a fact may be used where the verifier cannot say, in milliseconds. */
  readonly staleIfErrorMs: number
  readonly onezoneTime: FollowedTime
  readonly clock: Clock
  readonly schedule: Schedule
}

/** Questions on a channel to the primary, and their answers. */
export interface Questions {
  /** Sends a question. `hear` is told of the answer, once at most; what is returned stops waiting for it. */
  ask(question: Question, hear: (answer: unknown) => void): () => void
}

/** An answer with less than a hundredth of its time left could run out before whoever asked gets to use it. */
const USABLE_PART = 0.99

/** How young a fact is demanded where the first answer was too old when it came, as a part of the bound. */
const YOUNG_PART = 0.5

/** Asks questions on a channel. */
export function createQuestions(channel: Channel): Questions {
  const asking = createAsking(channel, 'ask', 'answer')
  return { ask: (question, hear) => asking.ask({ question: encodeQuestion(question) }, hear) }
}

/**
 * Makes the backend of a worker: it asks the primary, which remembers and shares for all workers, so that Onezone is
 * asked no more often than by one process.
 */
export function createPrimaryBackend(options: PrimaryBackendOptions): Backend {
  const { questions, traits, totalTimeoutMs, onezoneTime, clock, schedule } = options
  const { maxStalenessMs, staleIfErrorMs } = options

  const ask = (question: Question): Promise<SourcedVerdict> =>
    new Promise((resolve, reject) => {
      const sentAtMs = clock.monotonic()
      const forget = questions.ask(question, (message) => {
        cancel()
        const answer = decodeAnswer(message, { sentAtMs, heardAtMs: clock.monotonic() })
        if (answer === null) {
          reject(unavailable('The primary process gave an answer that cannot be read'))
          return
        }
        onezoneTime.follow(answer.onezoneNowMs)
        if (answer.outcome instanceof Error) reject(answer.outcome)
        else resolve(answer.outcome)
      })
      const cancel = schedule(totalTimeoutMs + GRACE_MS, () => {
        forget()
        reject(unavailable('The primary process did not answer in time'))
      })
    })

  /** The primary found the fact young enough, but it has grown older on its way. */
  function isTooOld({ verdict, source }: SourcedVerdict): boolean {
    const boundMs = source === 'stale' ? maxStalenessMs + staleIfErrorMs : maxStalenessMs
    const ageMs = clock.monotonic() - verdict.askedAtMs
    return isAccepted(verdict) && ageMs >= boundMs * USABLE_PART
  }

  async function verify(question: Question): Promise<SourcedVerdict> {
    const first = await ask(question)
    if (!isTooOld(first)) return first
    const { maxFactAgeMs = Infinity } = question
    const youngMs = Math.min(maxFactAgeMs, maxStalenessMs * YOUNG_PART)
    const second = await ask({ ...question, maxFactAgeMs: youngMs })
    if (isTooOld(second)) throw unavailable('The answers of the primary process come too late')
    return second
  }

  return {
    traits,
    totalTimeoutMs,
    openWatch: null, // the primary watches, and tells
    verify,
    close: async () => {},
  }
}

function unavailable(message: string): VerifierFaultError {
  return new VerifierFaultError('ERR_VERIFIER_UNAVAILABLE', message)
}

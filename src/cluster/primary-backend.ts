import type { Clock } from '../clock.ts'
import type { Backend, BackendTraits, Question, SourcedVerdict } from '../verifier/index.ts'
import { isAccepted } from '../verifier/index.ts'
import { decodeAnswer } from './answer-codec.ts'
import { createAsking } from './asking.ts'
import type { Channel } from './message.ts'
import type { PrimaryWaiting } from './primary-answer.ts'
import { answerOfPrimary, unavailable } from './primary-answer.ts'
import { encodeQuestion } from './question-codec.ts'

/** Options of {@link createPrimaryBackend}. */
export interface PrimaryBackendOptions extends PrimaryWaiting {
  readonly questions: Questions
  /** The traits of the primary's own backend. */
  readonly traits: BackendTraits
  /** From which age on a fact must not be used without asking, in milliseconds. */
  readonly maxStalenessMs: number
  /** How much longer a fact may be used where the verifier cannot say, in milliseconds. */
  readonly staleIfErrorMs: number
  readonly clock: Clock
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
  const { questions, traits, totalTimeoutMs, clock } = options
  const { maxStalenessMs, staleIfErrorMs } = options

  function ask(question: Question): Promise<SourcedVerdict> {
    const sentAtMs = clock.monotonic()
    return answerOfPrimary<SourcedVerdict>(
      (hear) => questions.ask(question, hear),
      (message) => decodeAnswer(message, { sentAtMs, heardAtMs: clock.monotonic() }),
      options,
    )
  }

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

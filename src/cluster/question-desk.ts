import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import type { Verification } from '../verification/index.ts'
import { encodeFault, encodeVerdict } from './answer-codec.ts'
import { openExchangeDesk } from './exchange-desk.ts'
import type { Channel, Message } from './message.ts'
import { idOf } from './message.ts'
import { decodeQuestion } from './question-codec.ts'
import { takeUseReports } from './use-report.ts'

/** Options of {@link openQuestionDesk}. */
export interface QuestionDeskOptions {
  /** The verification in use. */
  readonly verification: () => Verification
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * Answers the questions of a worker from what the primary knows, or finds out, exchanges for it, and takes in which
 * families it has used. What is no question gets no answer.
 */
export function openQuestionDesk(channel: Channel, options: QuestionDeskOptions): void {
  const { clock, logger } = options

  openExchangeDesk(channel, options)
  takeUseReports(channel, (families) => options.verification().noteUse(families))
  channel.on('ask', (message) => {
    const id = idOf(message)
    if (id === null) return
    void answer(message).then((answered) => {
      if (answered !== null) channel.send({ kind: 'answer', id, answer: answered })
    })
  })

  /** Read when an answer is sent, since the answer may have changed what is known of it. */
  const onezoneNowMs = (): number => options.verification().onezoneNowMs

  async function answer({ question: asked }: Message): Promise<Message | null> {
    const { verifier, traits } = options.verification()
    const receivedAtMs = clock.monotonic()
    const question = decodeQuestion(asked, traits.readToken)
    if (question === null) return null
    try {
      const verdict = await verifier.verify(question)
      const answeredAtMs = clock.monotonic()
      return encodeVerdict(verdict, { receivedAtMs, answeredAtMs, onezoneNowMs: onezoneNowMs() })
    } catch (error) {
      const fault = encodeFault(error, onezoneNowMs())
      if (fault === null) logger.error({ err: error }, "a worker's question could not be answered")
      return fault
    }
  }
}

import type { Clock } from '../clock.ts'
import type { Logger } from '../logger.ts'
import type { Verification } from '../verification/index.ts'
import { encodeFault, encodeVerdict } from './answer-codec.ts'
import type { Channel, Message } from './message.ts'
import { idOf } from './message.ts'
import { decodeQuestion } from './question-codec.ts'

/** Options of {@link openQuestionDesk}. */
export interface QuestionDeskOptions {
  /** The verification in use. */
  readonly verification: () => Verification
  readonly clock: Clock
  readonly logger: Logger
}

/** Answers the questions of a worker from what the primary knows, or finds out. What is no question gets no answer. */
export function openQuestionDesk(channel: Channel, options: QuestionDeskOptions): void {
  const { clock, logger } = options

  channel.on('ask', (message) => {
    const id = idOf(message)
    if (id === null) return
    void answer(message).then((answered) => {
      if (answered !== null) channel.send({ kind: 'answer', id, answer: answered })
    })
  })

  async function answer({ question: asked }: Message): Promise<Message | null> {
    const { verifier, traits, onezoneNowMs } = options.verification()
    const receivedAtMs = clock.monotonic()
    const question = decodeQuestion(asked, traits.readToken)
    if (question === null) return null
    try {
      const verdict = await verifier.verify(question)
      return encodeVerdict(verdict, { receivedAtMs, answeredAtMs: clock.monotonic(), onezoneNowMs })
    } catch (error) {
      const fault = encodeFault(error, onezoneNowMs)
      if (fault === null) logger.error({ err: error }, "a worker's question could not be answered")
      return fault
    }
  }
}

import { VerifierFaultError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import type { Verification } from '../verification/index.ts'
import { encodeFault } from './answer-codec.ts'
import { encodeExchange } from './exchange-codec.ts'
import type { Channel, Message } from './message.ts'
import { idOf } from './message.ts'

/** Options of {@link openExchangeDesk}. */
export interface ExchangeDeskOptions {
  /** The verification in use. */
  readonly verification: () => Verification
  readonly logger: Logger
}

/** Exchanges tokens of identity providers for a worker: one exchange serves all of them. */
export function openExchangeDesk(
  channel: Channel,
  { verification, logger }: ExchangeDeskOptions,
): void {
  channel.on('exchange', (message) => {
    const id = idOf(message)
    if (id === null) return
    void exchange(message).then((answer) => {
      if (answer !== null) channel.send({ kind: 'exchanged', id, answer })
    })
  })
  channel.on('forget-exchange', ({ text, digest }) => {
    const providers = verification().identityProviders
    const credential = typeof text === 'string' ? providers?.read(text) : null
    const known = credential && providers?.known(credential)
    // Another worker may have had it exchanged anew in the meantime.
    if (credential && known?.outcome === 'exchanged' && known.token.digest === digest) {
      providers?.forget(credential)
    }
  })

  /** Read when an answer is sent, since the exchange itself tells the time. */
  const onezoneNowMs = (): number => verification().onezoneNowMs

  async function exchange({ text, clientAddress }: Message): Promise<Message | null> {
    if (typeof text !== 'string' || typeof clientAddress !== 'string') return null
    const { identityProviders: providers } = verification()
    const credential = providers?.read(text) ?? null
    try {
      if (providers === null || providers === undefined || credential === null) {
        const message = 'The primary process knows no such identity provider'
        throw new VerifierFaultError('ERR_VERIFIER_UNAVAILABLE', message)
      }
      return encodeExchange(await providers.exchange(credential, clientAddress), onezoneNowMs())
    } catch (error) {
      const fault = encodeFault(error, onezoneNowMs())
      if (fault === null) logger.error({ err: error }, 'an exchange for a worker failed')
      return fault
    }
  }
}

import { mintToken } from '../../src/token/index.ts'
import { DOMAIN, SECRET } from './scripted-onezone.ts'

/** How many tokens one user has, hence how many there are in one family. */
const TOKENS_A_USER = 50

/** Address that the tokens with an `ip` caveat are good for. */
export const CLIENT_IP = '10.20.3.7'

const IP_CAVEAT = { type: 'ip', whitelist: ['10.20.0.0/16', '192.168.7.0/24'] } as const

/** The tokens that are measured: with a time caveat, as every temporary token, and one with an `ip` caveat too. */
export const TOKEN_SORTS = ['time', 'time and ip'] as const

export type TokenSort = (typeof TOKEN_SORTS)[number]

/** A good temporary token, another for each number. */
export function temporaryToken(number: number, sort: TokenSort = 'time', secret = SECRET): string {
  const validUntil = Math.floor(Date.now() / 1000) + 86_400
  const time = { type: 'time', validUntil } as const
  return mintToken({
    onezoneDomain: DOMAIN,
    secret,
    id: `${number.toString(16).padStart(32, '0')}`,
    generation: 1,
    subject: { type: 'user', id: `user${Math.floor(number / TOKENS_A_USER)}` },
    caveats: sort === 'time' ? [time] : [IP_CAVEAT, time],
  })
}

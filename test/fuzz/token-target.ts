import { OnegateError, TokenError } from '../../src/errors.ts'
import {
  caveatHolds,
  confineToken,
  decodeBase62,
  encodeBase62,
  examineToken,
  mintToken,
  opaqueToken,
  parseToken,
} from '../../src/token/index.ts'
import type { Caveat, MintTokenOptions, Token } from '../../src/token/index.ts'
import { serializeToken } from '../../src/token/serialize.ts'
import { expectThat } from './expect-that.ts'
import type { Random } from './random.ts'
import { mutate } from './random.ts'
import type { Target } from './target.ts'

const CAVEATS: readonly Caveat[] = [
  { type: 'time', validUntil: 2_000_000_000 },
  { type: 'ip', whitelist: ['10.0.0.0/8', '127.0.0.1'] },
  { type: 'interface', interface: 'rest' },
  { type: 'service', whitelist: ['opw-*', 'ozw-onezone'] },
  { type: 'consumer', whitelist: ['usr-alice', 'grp-*'] },
  { type: 'data.readonly' },
  { type: 'data.path', whitelist: ['L3NwYWNlL2Rpcg=='] },
]

/** The packets of a macaroon without their lengths, so that what is changed in one does not break it. */
const packets = (options: Partial<MintTokenOptions>): string =>
  unframed(
    decodeBase62(
      mintToken({
        onezoneDomain: 'onezone.example.org',
        secret: 'secret',
        subject: { type: 'user', id: 'alice' },
        id: 'tok1',
        ...options,
      }),
      0,
    ),
  )

const LENGTH_DIGITS = 4

function unframed(octets: Uint8Array): string {
  const text = Buffer.from(octets).toString('latin1')
  const all: string[] = []
  for (let at = 0; at < text.length;) {
    const end = at + Number.parseInt(text.slice(at, at + LENGTH_DIGITS), 16)
    all.push(text.slice(at + LENGTH_DIGITS, end - 1))
    at = end
  }
  return all.join('\n')
}

/** Puts lengths before the packets again; one in eight is wrong. */
function framed(text: string, random: Random): string {
  const isWrong = random.below(8) === 0
  const lines = text.split('\n')
  const wrongAt = isWrong ? random.below(lines.length) : -1
  return lines
    .map((line, index) => {
      const length = line.length + LENGTH_DIGITS + 1 + (index === wrongAt ? random.below(5) - 2 : 0)
      return `${length.toString(16).padStart(LENGTH_DIGITS, '0')}${line}\n`
    })
    .join('')
}

/** Texts of tokens: octets of macaroons in base62, and texts that are none. */
export const tokenTarget: Target = {
  name: 'token',
  corpus: [
    packets({ persistence: 'named' }),
    packets({ persistence: 'named', caveats: CAVEATS }),
    packets({ persistence: 'temporary', generation: 3, caveats: CAVEATS.slice(0, 2) }),
    packets({ version: 1, caveats: CAVEATS.slice(0, 1) }),
    packets({ persistence: 'named', type: { identityToken: {} } }),
    packets({
      persistence: 'named',
      type: { inviteToken: { inviteType: 'userJoinGroup', groupId: 'g1' } },
    } as Partial<MintTokenOptions>),
  ],
  words: [
    '\ncid ',
    '\n',
    'location ',
    'identifier ',
    'signature ',
    'cid ',
    'vid ',
    'cl ',
    'time < 2000000000\n',
    'ip = 1.2.3.4/8',
    'interface = rest',
    'api = all',
    'data.path = ',
    'consumer = usr-*',
    '2/nmd/usr-alice/act/tok1',
    '2/tmp/usr-alice/inv-user_join_group-g1/',
    '/-/',
    '\x01\x02',
  ],
  dress(text, random) {
    const written = encodeBase62(Buffer.from(framed(text, random), 'latin1'))
    const prefix = random.pick(['', '', '', '', '', 'opw-', 'opp-', 'xyz-'])
    if (random.below(8) > 0) return prefix + written
    return mutate(random, prefix + written, ['MDA', '0', 'opw-', '-'], [written])
  },
  run(text) {
    let token: Token
    try {
      token = parseToken(text)
    } catch (error) {
      expectThat(error instanceof TokenError, `it throws ${String(error)}`)
      expectThat(text.length < 40 || !error.message.includes(text), 'a message repeats the token')
      opaqueToken(text)
      return error.message.replace(/\d+/g, 'N').slice(0, 80)
    }
    checkToken(token)
    return `read: version ${token.version}, ${token.persistence}, ${token.kind}, ${token.caveats.length > 0 ? 'with' : 'without'} caveats`
  },
}

const NOW_AND_HERE = { nowSeconds: 1_900_000_000, peerIp: '10.0.0.1', interface: 'rest' }

function checkToken(token: Token): void {
  expectThat(/^[0-9a-f]+$/.test(token.fingerprint), 'an odd fingerprint')
  expectThat(typeof token.onezoneDomain === 'string', 'no domain')
  const again = only(() => serializeToken(token.macaroon))
  if (again !== undefined) {
    const read = parseToken(again)
    expectThat(read.digest === token.digest && read.id === token.id, 'written, it is another one')
    expectThat(read.caveats.length === token.caveats.length, 'written, it has other caveats')
  }
  only(() => examineToken(token))
  for (const caveat of token.caveats) {
    only(() => caveatHolds(caveat, NOW_AND_HERE as unknown as Parameters<typeof caveatHolds>[1]))
  }
  const confined = only(() => confineToken(token.serialized, [{ type: 'data.readonly' }]))
  if (confined === undefined) return
  const { caveats, id } = parseToken(confined)
  expectThat(id === token.id && caveats.length === token.caveats.length + 1, 'badly confined')
}

/** What is thrown on purpose is an answer. */
function only<Result>(run: () => Result): Result | undefined {
  try {
    return run()
  } catch (error) {
    if (error instanceof OnegateError) return undefined
    throw error
  }
}

import { INTERFACES, INVITE_TYPES, type InviteType } from '../token/index.ts'
import type { TokenKind } from '../token/index.ts'
import type { BackendTraits, Question } from '../verifier/index.ts'
import type { Message } from './message.ts'
import { isMessage } from './message.ts'

const KINDS: readonly TokenKind[] = ['access', 'identity', 'invite']

/** Writes a question down. Tokens travel as they were presented, and are read again. */
export function encodeQuestion(question: Question): Message {
  const { token, consumerToken, proven, ...rest } = question
  return {
    ...rest,
    token: token.serialized,
    consumerToken: consumerToken?.serialized ?? null,
    proven: proven === true,
  }
}

/** Reads a question; null: it is none. */
export function decodeQuestion(
  message: unknown,
  readToken: BackendTraits['readToken'],
): Question | null {
  if (!isMessage(message)) return null
  const tokenOf = (text: unknown) => {
    const token = typeof text === 'string' ? readToken(text) : 'token_malformed'
    return typeof token === 'string' ? undefined : token
  }
  const token = tokenOf(message['token'])
  const consumerToken = message['consumerToken'] === null ? null : tokenOf(message['consumerToken'])
  const kind = KINDS.find((each) => each === message['kind'])
  const peerIp = textOrNull(message['peerIp'])
  const door = message['interface']
  const of = door === null ? null : INTERFACES.find((each) => each === door)
  const inviteType = readInviteType(message['inviteType'])
  const { allowDataAccessCaveats, clientAddress = '', proven, maxFactAgeMs } = message
  if (token === undefined || consumerToken === undefined || kind === undefined) return null
  if (peerIp === undefined || of === undefined || inviteType === undefined) return null
  if (typeof allowDataAccessCaveats !== 'boolean' || typeof proven !== 'boolean') return null
  if (typeof clientAddress !== 'string') return null
  if (maxFactAgeMs !== undefined && !isAge(maxFactAgeMs)) return null
  return {
    token,
    consumerToken,
    kind,
    peerIp,
    interface: of,
    inviteType,
    allowDataAccessCaveats,
    clientAddress,
    proven,
    maxFactAgeMs,
  }
}

function isAge(value: unknown): value is number {
  return typeof value === 'number' && value >= 0
}

function textOrNull(value: unknown): string | null | undefined {
  return value === null || typeof value === 'string' ? value : undefined
}

function readInviteType(value: unknown): InviteType | null | undefined {
  if (value === null) return null
  const isKnown = typeof value === 'string' && Object.hasOwn(INVITE_TYPES, value)
  return isKnown ? (value as InviteType) : undefined
}

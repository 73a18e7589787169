import type { OnezoneApiError } from '../errors.ts'
import { isJsonObject } from '../json.ts'
import { knownErrorOf } from '../onezone/index.ts'
import type { VerifyAnswer } from '../onezone/index.ts'

/** What Onezone says no to, in words, with its own word behind. */
export function describeRefusal(error: OnezoneApiError): string {
  const words = wordsFor(error)
  return `${words === null ? '' : `${words} `}(${error.status} ${error.id})`
}

function wordsFor(error: OnezoneApiError): string | null {
  const known = knownErrorOf(error)
  if (known === null) return null
  switch (known.id) {
    case 'unauthorized': {
      const { authError } = known.details
      return authError === undefined
        ? 'it wants to know who calls'
        : `the credential is not good: ${authError.id}`
    }
    case 'forbidden':
      return 'the caller may not do this'
    case 'notFound':
      return 'there is no such token'
    case 'badValueName':
      return 'a name has 2 to 128 letters, digits and _ ( ), and inside of it also spaces, dots and hyphens'
    case 'badValueIdentifierOccupied':
      return 'another token of the same owner has that name'
    case 'tokenTimeCaveatRequired':
      return `a temporary token must end within ${known.details.maxTtl} seconds`
    case 'tokenSubjectInvalid':
      return 'there is no such user or Oneprovider'
    case 'tokenServiceForbidden':
      return `the owner may not use the service ${known.details.service.type} ${known.details.service.id}`
    case 'inviteTokenSubjectNotAuthorized':
      return 'the owner may not invite to that'
    case 'inviteTokenTargetIdInvalid':
      return 'there is nothing of that id to invite to'
    default:
      return 'key' in known.details ? `because of "${String(known.details.key)}"` : null
  }
}

/** Why Onezone does not accept a token, by its own word for it. */
const VERDICTS: Readonly<Record<string, string>> = {
  tokenInvalid: 'its signature does not fit: it was changed, is of another Onezone, or was deleted',
  tokenRevoked: 'it was revoked',
  tokenCaveatUnverified: 'one of its caveats does not hold here',
  tokenCaveatUnknown: 'it has a caveat that Onezone does not know',
  tokenSubjectInvalid: 'whom it speaks for does not exist',
  tokenServiceForbidden: 'its holder may not use this service',
  tokenSessionInvalid: 'its session is over',
  tokenTooLarge: 'it is too long',
  badToken: 'the text is no token',
  badServiceToken: 'the service token is not good',
  badConsumerToken: 'the consumer token is not good',
  notAnAccessToken: 'it is no access token',
  notAnIdentityToken: 'it is no identity token',
  notAnInviteToken: 'it is no invite token, or of another kind',
  userBlocked: 'its user is blocked',
}

/** Why a token was refused, in words, with Onezone's own word and what belongs to it behind. */
export function describeVerdict(error: Extract<VerifyAnswer, { ok: false }>['error']): string {
  const { id, details } = error
  const inner = isJsonObject(details) ? details['tokenError'] : undefined
  const innerId = isJsonObject(inner) ? String(inner['id']) : ''
  const words = VERDICTS[innerId] ?? VERDICTS[id] ?? 'Onezone says so'
  return `${words} (${id}${details === undefined ? '' : ` ${JSON.stringify(details)}`})`
}

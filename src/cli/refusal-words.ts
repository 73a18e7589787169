import type { OnezoneApiError } from '../errors.ts'
import { knownErrorOf } from '../onezone/index.ts'

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

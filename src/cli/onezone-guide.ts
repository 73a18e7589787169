import type { DevOnezone } from '../dev-onezone/index.ts'
import type { Subject } from '../token/index.ts'
import type { Terminal } from './terminal.ts'

/** Somebody of the world, with an access token to act as them. */
export interface Actor {
  readonly subject: Subject
  readonly token: string
}

/** What a running development Onezone offers for a start: the line that `--json` prints. */
export interface OnezoneFacts {
  readonly onezone: string
  /** A user who may manage everybody's tokens; null where the world has none. */
  readonly admin: Actor | null
  /** A user like any other; null where the world has none. */
  readonly user: Actor | null
}

const ONE_DAY_SECONDS = 24 * 3600
const MANAGES_TOKENS = 'oz_tokens_manage'

/** Picks an administrator and a user from the world of a development Onezone, and makes a token for each. */
export function onezoneFacts(onezone: DevOnezone): OnezoneFacts {
  const users = Object.entries(onezone.world().users ?? {}).filter(([, user]) => !user.blocked)
  const actor = (isAdmin: boolean): Actor | null => {
    const found = users.find(
      ([, { ozPrivileges = [] }]) => ozPrivileges.includes(MANAGES_TOKENS) === isAdmin,
    )
    if (found === undefined) return null
    const subject: Subject = { type: 'user', id: found[0] }
    const validForSeconds = ONE_DAY_SECONDS
    return { subject, token: onezone.createTemporaryToken({ subject, validForSeconds }) }
  }
  return { onezone: onezone.url, admin: actor(true), user: actor(false) }
}

/** What a person is told to paste into another shell. */
export function onezoneGuide(facts: OnezoneFacts, terminal: Pick<Terminal, 'style'>): string[] {
  const { onezone, admin, user } = facts
  const lines = [`The development Onezone listens at ${onezone}. Not for production.`, '']
  const actor = user ?? admin
  if (actor === null) {
    return [...lines, 'Its world has no user that may act; give it one with --world FILE.']
  }

  const api = `${onezone}/api/v3/onezone`
  const revoker = admin === null ? '$TOKEN' : '$ADMIN'
  const owner = admin === null ? 'user' : `users/${inPath(actor.subject.id ?? '')}`
  return [
    ...lines,
    admin === null
      ? `No user of this world has the privilege ${MANAGES_TOKENS}: there is no administrator.`
      : `ADMIN is user ${nameOf(admin)}, who manages everybody's tokens.`,
    `TOKEN is user ${nameOf(actor)}. Paste into another shell (sh, bash, zsh); the tokens are good for a day:`,
    '',
    ...(admin === null ? [] : [`  ADMIN=${admin.token}`]),
    `  TOKEN=${actor.token}`,
    '',
    terminal.style(
      'bold',
      '1. Ask as a gateway asks: prints whose token it is, and for how many seconds',
    ),
    `  curl -s ${api}/tokens/verify_access_token -H 'Content-Type: application/json' -d "{\\"token\\":\\"$TOKEN\\"}"`,
    '',
    terminal.style('bold', '2. Create a named token as its owner: prints its id, and the token'),
    `  curl -s '${api}/user/tokens/named' -H "X-Auth-Token: $TOKEN" -H 'Content-Type: application/json' -d '{"name":"laptop"}'`,
    '',
    terminal.style(
      'bold',
      '3. Revoke the temporary tokens of the user: prints 204, and 1. then prints tokenRevoked',
    ),
    `  curl -s -o /dev/null -w '%{http_code}\\n' -X DELETE '${api}/${owner}/tokens/temporary' -H "X-Auth-Token: ${revoker}"`,
    '',
    terminal.style('dim', 'Ctrl-C ends it.'),
  ]
}

/** An id as it stands in a path that a shell reads between single quotes. */
function inPath(id: string): string {
  return encodeURIComponent(id).replaceAll("'", '%27')
}

function nameOf({ subject }: Actor): string {
  return JSON.stringify(subject.id)
}

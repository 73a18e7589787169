import type { CreateNamedTokenRequest } from '../onezone/index.ts'
import { TokenError } from '../errors.ts'
import { isJsonObject } from '../json.ts'
import { INVITE_TYPES, sanitizeTokenType, type InviteType, type TokenType } from '../token/index.ts'
import type { Arguments } from './arguments.ts'
import { CAVEAT_OPTIONS, readCaveats } from './caveat-options.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { UsageError } from './failure.ts'
import { ACCESS_EXITS, ACCESS_OPTIONS, withOnezone, type OnezoneAccess } from './onezone-access.ts'
import { OUTPUT_OPTION, writeSecretFile } from './secret-file.ts'
import { readRequest } from './strict-request.ts'
import { readSecretFile } from './token-input.ts'
import { OWNER_OPTIONS, readOwner, tokensOfOwner } from './token-owner.ts'

/** `onegate token create` */
export const createCommand: Command = {
  name: 'token create',
  usage: [
    '--name NAME [FLAGS]',
    '--temporary --expires-in TIME [FLAGS]',
    '--request-file FILE [--temporary]',
  ],
  about: `Creates a token and prints it alone. Onezone keeps a record of named tokens, which can be revoked one by
one; temporary tokens have an end, and can only be revoked all together.`,
  options: {
    ...ACCESS_OPTIONS,
    ...OWNER_OPTIONS,
    name: { value: 'NAME', help: 'A named token of this name.' },
    temporary: { help: 'A temporary token.' },
    type: { value: 'KIND', help: 'access or identity (access).' },
    session: { value: 'ID', help: 'An access token that lives as long as this session.' },
    invite: { value: 'KIND:ID', help: 'An invite token, e.g. userJoinSpace:SPACE.' },
    'usage-limit': { value: 'N', help: 'How often the invite token may be used (any number).' },
    privilege: { value: 'NAME', multiple: true, help: 'A privilege that the invite token gives.' },
    metadata: { value: 'JSON', help: 'An object to keep beside the named token.' },
    revoked: { help: 'Create the named token revoked.' },
    ...CAVEAT_OPTIONS,
    'request-file': {
      value: 'FILE',
      help: 'A request in JSON, as the API takes it; nothing in it may be ignored.',
    },
    output: OUTPUT_OPTION,
    json: {
      help: 'Print one line: {"tokenId","token"}; only what there is, and no token with --output.',
    },
  },
  exits: ACCESS_EXITS,
  examples: [
    'onegate token create --onezone-url https://onezone.example.org --auth-file me.token --name build --ip 10.0.0.0/8',
    'onegate token create --onezone-url https://onezone.example.org --auth-file me.token --temporary --expires-in 1h',
  ],

  async run(args, terminal) {
    const order = args.has('request-file') ? await readOrderFile(args) : readOrder(args)
    const file = args.text('output')
    return withOnezone(args, terminal, async (access) => {
      const create = (): Promise<Created> => order(access)
      const { tokenId, token } =
        file === undefined
          ? await create()
          : await writeSecretFile(file, create, (created) => created.token)
      const shown = { tokenId, ...(file === undefined ? { token } : {}) }
      if (args.has('json')) terminal.print(JSON.stringify(shown))
      else {
        if (tokenId !== undefined) terminal.report(`named token ${tokenId}`)
        if (file === undefined) terminal.print(token)
      }
      return EXIT.ok
    })
  },
}

interface Created {
  readonly tokenId?: string
  readonly token: string
}

/** What to ask Onezone for; everything about the flags is checked before. */
function readOrder(args: Arguments): (access: OnezoneAccess) => Promise<Created> {
  const owner = readOwner(args)
  const name = args.text('name')
  const caveats = readCaveats(args, Date.now())
  const type = readType(args)
  if ((name !== undefined) === args.has('temporary')) {
    throw new UsageError('say what to create: --name NAME or --temporary')
  }
  if (name !== undefined) {
    const request = { name, type, caveats, ...readRecord(args) }
    return (access) => tokensOfOwner(access, owner).createNamedToken(request)
  }
  for (const flag of ['usage-limit', 'privilege', 'metadata', 'revoked']) {
    if (args.has(flag)) throw new UsageError(`--${flag} is for named tokens`)
  }
  if (!caveats.some((caveat) => caveat.type === 'time')) {
    throw new UsageError('a temporary token needs an end: --expires-in TIME')
  }
  return (access) => tokensOfOwner(access, owner).createTemporaryToken({ type, caveats })
}

/** Flags that say what a request in a file says. */
const REQUEST_FLAGS = ['name', 'type', 'session', 'invite', 'usage-limit', 'privilege'].concat(
  ['metadata', 'revoked'],
  Object.keys(CAVEAT_OPTIONS),
)

/** What a file asks Onezone for. */
async function readOrderFile(
  args: Arguments,
): Promise<(access: OnezoneAccess) => Promise<Created>> {
  const owner = readOwner(args)
  const both = REQUEST_FLAGS.find((name) => args.has(name))
  if (both !== undefined) throw new UsageError(`--${both} and --request-file exclude each other`)
  const file = args.text('request-file') ?? ''
  const text = (await readSecretFile(file, 'request')).toString('utf8')
  if (!args.has('temporary')) {
    const request = readRequest(text, 'named')
    return (access) => tokensOfOwner(access, owner).createNamedToken(request)
  }
  const { type, caveats = [] } = readRequest(text, 'temporary')
  return (access) => tokensOfOwner(access, owner).createTemporaryToken({ type, caveats })
}

function readType(args: Arguments): TokenType {
  const given = ['type', 'session', 'invite'].filter((name) => args.has(name))
  if (given.length > 1) {
    throw new UsageError('--type, --session and --invite exclude each other')
  }
  const session = args.text('session')
  if (session !== undefined) return { accessToken: { sessionId: session } }
  const invite = args.text('invite')
  if (invite !== undefined) return readInvite(invite)
  const kind = args.text('type') ?? 'access'
  if (kind === 'access') return { accessToken: {} }
  if (kind === 'identity') return { identityToken: {} }
  throw new UsageError('--type must be access or identity; invite tokens have --invite')
}

function readInvite(text: string): TokenType {
  const [inviteType = '', id] = text.split(/:(.*)/s)
  const known = Object.hasOwn(INVITE_TYPES, inviteType)
  try {
    if (known && id !== undefined) {
      const { targetKey } = INVITE_TYPES[inviteType as InviteType]
      return sanitizeTokenType({ inviteToken: { inviteType, [targetKey]: id } })
    }
  } catch (error) {
    if (!(error instanceof TokenError)) throw error
  }
  const kinds = Object.keys(INVITE_TYPES).join(', ')
  throw new UsageError(`--invite must be KIND:ID, where KIND is one of ${kinds}`)
}

/** What is kept beside a named token. */
function readRecord(args: Arguments): Partial<CreateNamedTokenRequest> {
  const limit = args.text('usage-limit')
  if (limit !== undefined && !/^[1-9]\d{0,14}$/.test(limit)) {
    throw new UsageError('--usage-limit must be a whole number, 1 or more')
  }
  const privileges = args.list('privilege')
  if (!args.has('invite') && (limit !== undefined || privileges.length > 0)) {
    // Onezone would take them and do nothing about them (Onezone API, §7.4).
    throw new UsageError('--usage-limit and --privilege are for invite tokens: --invite KIND:ID')
  }
  return {
    revoked: args.has('revoked'),
    ...(limit === undefined ? {} : { usageLimit: Number(limit) }),
    ...(privileges.length === 0 ? {} : { privileges }),
    ...readMetadata(args.text('metadata')),
  }
}

function readMetadata(text: string | undefined): Partial<CreateNamedTokenRequest> {
  if (text === undefined) return {}
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new UsageError('--metadata is no JSON')
  }
  if (!isJsonObject(json)) throw new UsageError('--metadata must be an object in JSON')
  return { customMetadata: json }
}

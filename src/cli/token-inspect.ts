import { examineToken, familyOf, type Token } from '../token/index.ts'
import { describeCaveat, describeSubject } from './caveat-words.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { momentAndDistance } from './moment.ts'
import { columns, printable } from './terminal.ts'
import { describeType } from './token-words.ts'
import { readToken, TOKEN_ARGUMENT_REFUSAL, TOKEN_FILE_OPTION } from './token-input.ts'

/** `onegate token inspect` */
export const inspectCommand: Command = {
  name: 'token inspect',
  usage: ['[--token-file FILE] [--json]'],
  about: `Shows what a token says about itself. Nothing is verified and nobody is asked: anybody can write a token
that says anything.`,
  refusal: TOKEN_ARGUMENT_REFUSAL,
  options: {
    'token-file': TOKEN_FILE_OPTION,
    json: { help: 'Print one line: what POST /tokens/examine answers, and the fingerprint.' },
  },
  exits: [[EXIT.failure, 'it is no token, or --json cannot show it']],
  examples: ['onegate token inspect < token.txt', 'onegate token inspect --token-file token.txt'],

  async run(args, terminal) {
    const token = await readToken(args, terminal)
    if (args.has('json')) {
      const examined = { ...examineToken(token), fingerprint: token.fingerprint }
      terminal.print(JSON.stringify(examined))
      return EXIT.ok
    }
    for (const line of columns(describeToken(token, Date.now()))) terminal.print(line)
    return EXIT.ok
  },
}

function describeToken(token: Token, nowMs: number): string[][] {
  const caveats = token.caveats.map((caveat) => describeCaveat(caveat, nowMs))
  const rows = [
    ['kind', describeType(token.type)],
    ['subject', token.version === 1 ? 'known to Onezone only' : describeSubject(token.subject)],
    ['id', token.id],
    ['persistence', persistenceOf(token)],
    ['family', describeFamily(token)],
    ['Onezone', `${token.onezoneDomain ?? 'not stated'} (not signed)`],
    ['fingerprint', token.fingerprint],
    ['expires', token.validUntil === null ? 'never' : momentAndDistance(token.validUntil, nowMs)],
    ...(caveats.length === 0 ? ['none'] : caveats).map((text, at) => [
      at === 0 ? 'caveats' : '',
      text,
    ]),
  ]
  if (token.serviceIndication !== null)
    rows.push(['service', `${token.serviceIndication} (not signed)`])
  return rows.map((row) => row.map(printable))
}

function persistenceOf({ persistence, generation, version }: Token): string {
  const legacy = version === 1 ? ' (legacy format)' : ''
  return generation === null ? persistence + legacy : `${persistence}, generation ${generation}`
}

function describeFamily(token: Token): string {
  const family = familyOf(token)
  if (family === null) return 'none'
  return family.kind === 'named'
    ? 'this token and what was confined from it; revoked one by one'
    : `all temporary tokens of ${describeSubject(family.subject)}, generation ${family.generation}; revoked together`
}

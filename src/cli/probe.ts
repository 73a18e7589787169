import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { CommandFailure, UsageError } from './failure.ts'
import type { ProbeCheck } from './probe-checks.ts'
import { probeChecks } from './probe-checks.ts'
import { probe } from './probe-request.ts'
import type { Terminal } from './terminal.ts'
import { readTokenText, TOKEN_FILE_OPTION } from './token-input.ts'

/** What one question showed. */
interface Finding {
  readonly check: string
  readonly status: number
  /** Null: nothing. */
  readonly missing: string | null
}

/** `onegate probe` */
export const probeCommand: Command = {
  name: 'probe',
  usage: ['URL --token-file FILE'],
  about: `Asks a front proxy that asks onegate, as a client with bad intentions would: with forged identity, forged
X-Original-URL, forged X-Forwarded-For and a Connection field that takes the identity away; and says which protection
is missing. "onegate echo" must stand behind the proxy, and the URL must demand a token.`,
  options: {
    url: { value: 'URL', help: 'What to ask for; may be given without the flag.' },
    'token-file': TOKEN_FILE_OPTION,
    json: { help: 'Print one line {"url","checks","missing"} instead.' },
  },
  operand: 'url',
  exits: [[EXIT.failure, 'a protection is missing, or there was no answer']],
  examples: ['onegate probe http://127.0.0.1:8080/ --token-file token.txt'],
  refusal: 'takes one URL; the token is read from --token-file FILE or standard input',

  async run(args, terminal) {
    const url = readUrl(args.text('url'))
    const token = await readTokenText(args, terminal)
    const findings: Finding[] = []
    for (const check of probeChecks(token)) {
      const found = await ask(url, check)
      findings.push(found)
      if (!args.has('json')) show(found, terminal)
      // The rest would show nothing where this does not work.
      if (findings.length === 2 && found.missing !== null) break
    }
    const missing = findings.filter((found) => found.missing !== null)
    if (args.has('json')) {
      terminal.print(JSON.stringify({ url: url.href, checks: findings, missing: missing.length }))
    } else {
      terminal.print(
        missing.length === 0
          ? `${findings.length} questions, and nothing is missing.`
          : `${findings.length} questions; ${missing.length} showed that something is missing.`,
      )
    }
    return missing.length === 0 ? EXIT.ok : EXIT.failure
  },
}

async function ask(url: URL, { name, fields, judge }: ProbeCheck): Promise<Finding> {
  const probed = await probe(url, fields)
  return { check: name, status: probed.status, missing: judge(probed) }
}

function show({ check, status, missing }: Finding, terminal: Terminal): void {
  const mark =
    missing === null ? terminal.style('green', 'ok     ') : terminal.style('red', 'MISSING')
  terminal.print(`${mark} ${status} ${check}`)
  if (missing !== null) terminal.print(`        ${missing}`)
}

function readUrl(text: string | undefined): URL {
  if (text === undefined) throw new UsageError('say which URL of the front proxy to ask for')
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError('the URL must begin with http:// or https://')
  }
  if (url.username !== '' || url.password !== '') {
    throw new CommandFailure('the URL must have no user and password')
  }
  return url
}

import { OnezoneApiError } from '../errors.ts'
import { describeSubject } from './caveat-words.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { CommandFailure, UsageError } from './failure.ts'
import { ACCESS_EXITS, asCaller, ONEZONE_URL_OPTION, readOnezoneUrl } from './onezone-access.ts'
import { DEFAULT_PROFILE, PROFILE_NAME, readProfiles, writeProfiles } from './profiles.ts'
import { printable } from './terminal.ts'
import { readSecretFile } from './token-input.ts'

/** `onegate login` */
export const loginCommand: Command = {
  name: 'login',
  usage: ['--onezone-url URL [--auth-file FILE] [--profile NAME] [--json]'],
  about: `Stores a Onezone and a credential for it, so that the token commands need no flags for them, after Onezone
has accepted it. Without --auth-file the credential is read from standard input. It is stored in
~/.config/onegate/profiles.yaml, which only you can read.`,
  refusal:
    'takes no credential on the command line; give it on standard input, or by --auth-file FILE',
  options: {
    'onezone-url': ONEZONE_URL_OPTION,
    'auth-file': {
      value: 'FILE',
      help: 'File with an access token, or with USER:PASSWORD; without it, standard input.',
    },
    profile: { value: 'NAME', help: `Under which name to store it (${DEFAULT_PROFILE}).` },
    json: { help: 'Print one line: {"profile","onezoneUrl","subject","file"}.' },
  },
  exits: ACCESS_EXITS,
  examples: [
    'onegate login --onezone-url https://onezone.example.org --auth-file me.token',
    'onegate login --onezone-url https://onezone.example.org --profile staging < me.token',
  ],

  async run(args, terminal) {
    const name = args.text('profile') ?? DEFAULT_PROFILE
    if (!PROFILE_NAME.test(name)) {
      throw new UsageError(
        '--profile must be 1 to 64 letters, digits, dots, hyphens and underscores',
      )
    }
    const url = await readOnezoneUrl(args, terminal)
    const file = args.text('auth-file')
    const bytes =
      file === undefined ? await terminal.readAll() : await readSecretFile(file, 'credential')
    const credential = bytes.toString('utf8').trim()
    if (credential === '') throw new CommandFailure('there is no credential on standard input')
    // What others can read must not get a new credential, so this comes before Onezone is asked.
    const stored = await readProfiles(terminal.env)
    return asCaller(terminal, { url, credential }, async ({ client, caller, subject }) => {
      try {
        await client.tokensOf(caller).getTemporaryTokenGeneration()
      } catch (error) {
        // Onezone knows the caller, who may not ask this: a token may be confined to other things.
        if (!(error instanceof OnezoneApiError) || error.id !== 'forbidden') throw error
      }
      const profiles = { ...stored?.profiles, [name]: { onezoneUrl: url, credential } }
      const written = await writeProfiles(terminal.env, { current: name, profiles })
      const who = subject === null ? 'the caller' : describeSubject(subject)
      terminal.print(
        args.has('json')
          ? JSON.stringify({ profile: name, onezoneUrl: url, subject, file: written })
          : printable(`logged in at ${url} as ${who}: profile ${name}, stored in ${written}`),
      )
      return EXIT.ok
    })
  },
}

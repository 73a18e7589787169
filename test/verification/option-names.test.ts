import { createVerification } from '../../src/index.ts'
import type { VerificationOptions } from '../../src/index.ts'
import { opaqueToken } from '../../src/token/index.ts'
import { refusesOptions } from '../helpers/refused-options.ts'

const GOOD: VerificationOptions = { onezone: { url: 'http://127.0.0.1:9' } }

refusesOptions(createVerification, GOOD, [
  [{ verdict: {} }, '"verdict" is no option of createVerification; did you mean "verdicts"?'],
  [
    { serviceTokn: 'x' },
    '"serviceTokn" is no option of createVerification; did you mean "serviceT',
  ],
  [
    { onezone: { url: 'http://127.0.0.1:9', timeoutMs: 1 } },
    '"timeoutMs" is no option of createOn',
  ],
  [
    { verdicts: { maxstale: 1 } },
    '"maxstale" is no option of verdicts; did you mean "maxStalenessM',
  ],
  [
    { verdicts: { budget: { perAddress: 1 } } },
    '"budget.perAddress" is no option of verdicts; did',
  ],
  [{ verdicts: { budget: { perAddressPerSecond: 0 } } }, '"budget.perAddressPerSecond" must be'],
  [
    { verdicts: { negativeTtlMs: 60_001 } },
    '"negativeTtlMs" must be a whole number from 0 to 60000',
  ],
  [
    { watch: { tokn: 't' } },
    '"watch.tokn" is no option of createVerification; did you mean "token"?',
  ],
  [{ watch: {} }, '"watch.token" must be given'],
  [{ clock: {} }, '"clock" must be a clock with "now", "monotonic"'],
  [{ onDeath: 'log' }, '"onDeath" must be a function, not the given text'],
  [{ serviceToken: 5 }, '"serviceToken" must be a token; leave it out, or give one, not 5'],
])

refusesOptions(
  (traits: object) => {
    const backend = { traits, verify: () => Promise.reject(new Error('asked')) }
    return createVerification({ backend } as object as VerificationOptions)
  },
  { backend: 'custom-x', readToken: opaqueToken, statesScopes: false },
  [
    [
      { stateScopes: true },
      '"backend.traits.stateScopes" is no option of a backend; did you mean "st',
    ],
  ],
)

refusesOptions(
  (options: object) => createVerification(GOOD).invalidate({ all: true }, options),
  {},
  [[{ dryrun: true }, '"dryrun" is no option of invalidate; did you mean "dryRun"?']],
)

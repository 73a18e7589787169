import { mintToken } from '../../src/token/index.ts'
import { refusesOptions } from '../helpers/refused-options.ts'

const GOOD = {
  onezoneDomain: 'onezone.example.org',
  secret: 'x',
  id: 'i',
  subject: { type: 'user', id: 'alice' } as const,
}

refusesOptions(mintToken, GOOD, [
  [{ caveat: [] }, '"caveat" is no option of mintToken; did you mean "caveats"?'],
  [
    { persistence: 'temp' },
    '"persistence" must be named or temporary, not "temp"; did you mean "temp',
  ],
])

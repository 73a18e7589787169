import { createTokenLookupClient } from '../../src/token-lookup/index.ts'
import { refusesOptions } from '../helpers/refused-options.ts'

refusesOptions(createTokenLookupClient, { url: 'http://127.0.0.1:9', apiToken: 'secret' }, [
  [
    { apitoken: 'x' },
    '"apitoken" is no option of createTokenLookupClient; did you mean "apiToken"?',
  ],
  [{ credentials: {} }, '"credentials" is no option of createTokenLookupClient'],
  [
    { apiToken: 'a b' },
    '"apiToken" must be a secret: printable ASCII without spaces, not the given',
  ],
  [{ apiToken: undefined }, '"apiToken" must be given'],
  [{ maxAttempts: '2' }, '"maxAttempts" must be a whole number from 1'],
])

import { createDevTokenLookup } from '../../src/dev-token-lookup/index.ts'
import { refusesOptions } from '../helpers/refused-options.ts'
import { startTokenLookup } from '../helpers/token-lookup.ts'

refusesOptions(createDevTokenLookup, {}, [
  [{ hosts: '127.0.0.1' }, '"hosts" is no option of createDevTokenLookup; did you mean "host"?'],
  [{ port: '80' }, '"port" must be a whole number from 0 to 65535, not the given text'],
])

refusesOptions(async (token: object) => (await startTokenLookup()).createToken(token), {}, [
  [{ expiresIn: 1 }, '"expiresIn" is no option of createToken; did you mean "expiresInMs"?'],
])

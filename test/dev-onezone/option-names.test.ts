import { createDevOnezone } from '../../src/dev-onezone/index.ts'
import { refusesOptions } from '../helpers/refused-options.ts'
import { startOnezone } from '../helpers/onezone.ts'

refusesOptions(createDevOnezone, {}, [
  [
    { permission: false },
    '"permission" is no option of createDevOnezone; did you mean "permissions"?',
  ],
  [{ port: 65_536 }, '"port" must be a whole number from 0 to 65535, not 65536'],
  [{ control: 'no' }, '"control" must be true or false, not the given text'],
  [{ geo: {} }, '"geo" must be a function'],
  [{ onezoneDomain: '' }, '"onezoneDomain" must be a string that is not empty'],
])

const ALICE = { subject: { type: 'user', id: 'alice' } } as const

refusesOptions(
  async (token: typeof ALICE) => (await startOnezone()).createTemporaryToken(token),
  ALICE,
  [[{ caveat: [] }, '"caveat" is no option of createTemporaryToken; did you mean "caveats"?']],
)

import type { CreateNamedTokenRequest, OnezoneClientOptions } from '../../src/onezone/index.ts'
import { createOnezoneClient } from '../../src/onezone/index.ts'
import { refusesOptions } from '../helpers/refused-options.ts'

// Nothing listens there: what is refused is refused before anything is sent.
const GOOD: OnezoneClientOptions = { url: 'http://127.0.0.1:9', credentials: { token: 'x' } }

refusesOptions(createOnezoneClient, GOOD, [
  [{ timeoutMs: 1 }, '"timeoutMs" is no option of createOnezoneClient'],
  [{ totalTimeout: 1 }, '"totalTimeout" is no option of createOnezoneClient; did you mean "totalT'],
  [{ URL: 'x' }, '"URL" is no option of createOnezoneClient; did you mean "url"?'],
  [{ credentials: { token: 'x', servicToken: 'y' } }, '"servicToken" is no option of credentials'],
  [{ clock: {} }, '"clock" must be a clock'],
])

const client = createOnezoneClient(GOOD)

refusesOptions(
  (request: CreateNamedTokenRequest) => client.createNamedTokenForCurrentUser(request),
  { name: 'build' },
  [
    [
      { caveat: [] },
      '"caveat" is no option of createNamedTokenForCurrentUser; did you mean "caveats"?',
    ],
  ],
)

refusesOptions((request: object) => client.modifyNamedToken('x' as never, request), {}, [
  [{ revoke: true }, '"revoke" is no option of modifyNamedToken; did you mean "revoked"?'],
])

import type {
  CallOptions,
  ConfineTokenRequest,
  CreateNamedTokenRequest,
  OnezoneClientOptions,
  VerifyAccessTokenRequest,
} from '../../src/onezone/index.ts'
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
    [{ revoked: 'yes' }, '"revoked" must be true or false, not the given text'],
    [{ caveats: {} }, '"caveats" must be a list of caveats, not the given object'],
    [{ usageLimit: '5' }, '"usageLimit" must be a number, or infinity, not the given text'],
    [{ privileges: [1] }, '"privileges" must be a list of privileges, not the given list'],
    [{ customMetadata: [] }, '"customMetadata" must be an object, not the given list'],
  ],
)

refusesOptions((request: object) => client.modifyNamedToken('x' as never, request), {}, [
  [{ revoke: true }, '"revoke" is no option of modifyNamedToken; did you mean "revoked"?'],
])

const QUESTION: VerifyAccessTokenRequest = { token: 'x', peerIp: null }

refusesOptions((request: VerifyAccessTokenRequest) => client.verifyAccessToken(request), QUESTION, [
  [{ interfce: 'rest' }, '"interfce" is no option of verifyAccessToken; did you mean "interface"?'],
  [
    { interface: 'graphsnc' },
    '"interface" must be rest, oneclient or graphsync, or null, not "graphsnc"; did you mean "graphsync"?',
  ],
  [{ peerIP: '192.0.2.1' }, '"peerIP" is no option of verifyAccessToken; did you mean "peerIp"?'],
  [{ peerIp: 5 }, '"peerIp" must be a string, or null, not 5'],
  [{ token: 5 }, '"token" must be a string, not 5'],
  [{ allowDataAccessCaveats: 'no' }, '"allowDataAccessCaveats" must be true or false, or null'],
  [{ urgent: 1 }, '"urgent" must be true or false, not 1'],
])

refusesOptions((request: typeof QUESTION) => client.verifyIdentityToken(request), QUESTION, [
  [{ somethingElse: 1 }, '"somethingElse" is no option of verifyIdentityToken'],
])

refusesOptions((request: typeof QUESTION) => client.verifyInviteToken(request), QUESTION, [
  [
    { expectedInviteType: 'userJoinGrup' },
    'or null, not "userJoinGrup"; did you mean "userJoinGroup"?',
  ],
])

refusesOptions((request: { token: string }) => client.examineToken(request), { token: 'x' }, [
  [{ tokens: 'x' }, '"tokens" is no option of examineToken; did you mean "token"?'],
])

refusesOptions(
  (request: ConfineTokenRequest) => client.confineToken(request),
  { token: 'x', caveats: [] },
  [
    [{ caveat: [] }, '"caveat" is no option of confineToken; did you mean "caveats"?'],
    [{ caveats: 'time < 1' }, '"caveats" must be a list of caveats, not the given text'],
  ],
)

refusesOptions(
  (request: { token: string }) => client.inferAccessTokenScope(request),
  { token: 'x' },
  [[{ consumertoken: 'x' }, 'inferAccessTokenScope; did you mean "consumerToken"?']],
)

refusesOptions((options: CallOptions) => client.verifyAccessToken(QUESTION, options), {}, [
  [{ credential: {} }, '"credential" is no option of verifyAccessToken; did you mean "cred'],
])

refusesOptions((options: CallOptions) => client.getCurrentTime(options), {}, [
  [{ signals: null }, '"signals" is no option of getCurrentTime; did you mean "signal"?'],
])

import { onedataAuth } from '../../src/index.ts'
import { refusesOptions } from '../helpers/refused-options.ts'

refusesOptions(onedataAuth, { onezoneUrl: 'https://onezone.example.org' }, [
  [
    { subject: { ids: ['bob'] } },
    '"subject" is no option of onedataAuth; did you mean "subjects"?',
  ],
  [{ trustedProxy: '10.0.0.1' }, '"trustedProxy" is no option of onedataAuth; did you mean "tr'],
  [{ maxStalenessMs: 1_000 }, '"maxStalenessMs" is no option of onedataAuth'],
  [{ timeouts: {} }, '"timeouts" is no option of onedataAuth'],
  [{ headers: {} }, '"headers" is no option of onedataAuth'],
  [{ forwardToken: true }, '"forwardToken" is no option of onedataAuth'],
  [{ subjects: { id: ['bob'] } }, '"subjects.id" is no option of onedataAuth; did you mean "ids"?'],
  [
    { verdicts: { maxStaleness: 1 } },
    '"maxStaleness" is no option of verdicts; did you mean "maxS',
  ],
  [{ realm: 5 }, '"realm" must be printable ASCII, not 5'],
  [{ optional: 'no' }, '"optional" must be true or false, not the given text'],
  [
    { interface: 'rst' },
    '"interface" must be rest, oneclient or graphsync, or a list of these, or null, not "rst"; did',
  ],
  [{ token: 'none' }, '"token" must be access, identity or invite, not "none"'],
  [{ trustedProxies: '10.0.0.1' }, '"trustedProxies" must be a list of addresses'],
  [{ remoteAddress: '10.0.0.1' }, '"remoteAddress" must be a function'],
  [{ logger: { info() {} } }, '"logger" must be a logger with "debug"'],
  [{ onDecision: {} }, '"onDecision" must be a function'],
  [{ onezoneUrl: 5 }, '"onezoneUrl" must be a string, not 5'],
])

import type { UpstreamOptions } from '../../src/upstream/index.ts'
import { readUpstreamOptions } from '../../src/upstream/index.ts'
import { refusesOptions } from '../helpers/refused-options.ts'

refusesOptions(
  (options: UpstreamOptions) => readUpstreamOptions(options),
  { urls: ['https://a'] },
  [
    [{ retrys: 1 }, '"retrys" is no option of an upstream; did you mean "retries"?'],
    [{ tls: { caFile: 'x' } }, '"tls.caFile" is no option of an upstream; there are ca,'],
    [
      { ejection: { failure: 1 } },
      '"ejection.failure" is no option of an upstream; did you mean "f',
    ],
    [{ retries: '1' }, '"retries" must be a number, not the given text'],
    [{ urls: 'https://a' }, '"urls" must be a list of URLs, not the given text'],
    [{ tls: { ca: 5 } }, '"tls.ca" must be a string, not 5'],
  ],
)

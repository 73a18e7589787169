import { describe, expect, test } from 'vitest'
import { CAVEATS, parseCaveat, sanitizeCaveat, serializeCaveat } from '../../src/token/index.ts'
import { expectTokenError, scenarioSteps, verifyCases } from './vectors.ts'

const OBJECT_ID = '00000000000CDBDA677569642331323323616263'
const SHARE_ID = `0000000000000000${Buffer.from('shareGuid#f#s#h').toString('hex')}`

const exchanges = [
  ...verifyCases.map(({ body, status, response }) => ({ body, status, response })),
  ...scenarioSteps.map(({ body, status = 0, response }) => ({ body, status, response })),
]

function caveatsOf(body: unknown): unknown[] {
  const caveats = (body as { caveats?: unknown } | undefined)?.caveats
  return Array.isArray(caveats) ? caveats : []
}

describe('a caveat of the API', () => {
  const refused = exchanges.filter(({ response }) => response?.error?.id === 'badValueCaveat')
  const accepted = exchanges.filter(({ status }) => status >= 200 && status < 300)

  test(`is refused where the reference refused one: ${refused.length} requests`, () => {
    expect(refused.length).toBeGreaterThan(50)
    for (const { body, response } of refused) {
      const error = expectTokenError(
        () => caveatsOf(body).map(sanitizeCaveat),
        'ERR_CAVEAT_INVALID',
      )
      // the reference shows scalars and lists as text
      const { value } = error
      const isShownAsIs = typeof value === 'string' || (value !== null && !Array.isArray(value))
      const shown = isShownAsIs && typeof value !== 'number' && typeof value !== 'boolean'
      const echo = response?.error?.details?.['caveat']
      expect(echo).toEqual(shown ? value : JSON.stringify(value))
    }
  })

  test('is accepted where the reference accepted it', () => {
    const caveats = accepted.flatMap(({ body }) => caveatsOf(body))
    expect(caveats.length).toBeGreaterThan(100)
    for (const caveat of caveats) {
      const sanitized = sanitizeCaveat(caveat)
      expect(parseCaveat(serializeCaveat(sanitized))).toEqual(sanitized)
    }
  })

  test.each([
    [
      { type: 'time', validUntil: -1, extra: 1 },
      { type: 'time', validUntil: -1 },
    ],
    [
      { type: 'ip', whitelist: ['1.2.3.4', '10.0.0.1//08/'] },
      { type: 'ip', whitelist: ['1.2.3.4/32', '10.0.0.1/8'] },
    ],
    [
      { type: 'api', whitelist: ['all/all/*.*.*', 'ozw/get/token.a b.*,x:auto'] },
      { type: 'api', whitelist: ['all/all/*.*.*:private', 'ozw/get/token.a b.*,x:auto'] },
    ],
    [
      { type: 'geo.country', filter: 'whitelist', list: ['xx', 'ż'] },
      { type: 'geo.country', filter: 'whitelist', list: ['xx', 'ż'] },
    ],
    [
      { type: 'data.objectid', whitelist: [OBJECT_ID.toLowerCase(), SHARE_ID] },
      { type: 'data.objectid', whitelist: [OBJECT_ID.toLowerCase(), SHARE_ID] },
    ],
    [{ scope: 'identityToken', other: 1 }, { scope: 'identityToken' }],
    [{ type: null, scope: 'identityToken' }, { scope: 'identityToken' }],
    [
      { type: 'consumer', whitelist: ['usr-a'], scope: 'identityToken' },
      { scope: 'identityToken' },
    ],
    [{ type: 'geo.region', list: ['EU'], scope: 'identityToken' }, { scope: 'identityToken' }],
    [{ type: 'asn', whitelist: {}, scope: 'identityToken' }, { scope: 'identityToken' }],
    [
      { type: 'time', validUntil: 5, scope: 'identityToken' },
      { type: 'time', validUntil: 5 },
    ],
    [
      { type: 'ip', whitelist: [[49, '.2.3', ['.+4']], '+1.-0.2.3/8'], scope: 'identityToken' },
      { type: 'ip', whitelist: ['1.2.3.4/32', '1.0.2.3/8'] },
    ],
    [
      { type: 'api', whitelist: ['opw/get/file..:*', 'ozw/all/*.a:b.,'] },
      { type: 'api', whitelist: ['opw/get/file..:*', 'ozw/all/*.a:b.,:private'] },
    ],
    [
      { type: 'data.path', whitelist: ['L2F=', ' L2\tE=\n', [76, 50, 69, 61]] },
      { type: 'data.path', whitelist: ['L2E=', 'L2E=', 'L2E='] },
    ],
  ])('is brought into its normal form: %o', (given, normal) => {
    expect(sanitizeCaveat(given)).toEqual(normal)
  })

  test.each([
    undefined,
    null,
    'time < 5',
    [],
    {},
    { type: 'unknown', text: 'x' },
    { type: '__proto__' },
    { type: 'constructor' },
    { type: ['time'], validUntil: 5 },
    { type: null, scope: 'unlimited' },
    { type: 'time', validUntil: '5', scope: 'identityToken' },
    { type: 'geo.country', filter: '', list: ['PL'], scope: 'identityToken' },
    { type: 'time', validUntil: '5' },
    { type: 'time', validUntil: Number.NaN },
    { type: 'time', validUntil: Number.POSITIVE_INFINITY },
    { type: 'ip', whitelist: ['1.2.3.4/33'] },
    { type: 'ip', whitelist: ['1.2.3.4/-1'] },
    { type: 'ip', whitelist: ['01.2.3.4'] },
    { type: 'ip', whitelist: ['0x1.2.3.4'] },
    { type: 'ip', whitelist: [{}] },
    { type: 'ip', whitelist: [[49, '.2.3.', 308]] },
    { type: 'ip', whitelist: ['1.2.3.+004'] },
    { type: 'ip', whitelist: ['1.2.3.-1'] },
    { type: 'asn', whitelist: [1.5] },
    { type: 'asn', whitelist: { length: 1, 0: 5 } },
    { type: 'geo.country', filter: 'whitelist', list: ['PL', 'P'] },
    { type: 'geo.country', filter: 'blacklist', list: [] },
    { type: 'geo.region', filter: 'whitelist', list: ['toString'] },
    { type: 'consumer', whitelist: ['usr-a|prv-*'] },
    { type: 'consumer', whitelist: ['usr-\ud800'] },
    { type: 'service', whitelist: ['ozw-onezone', 'opw-a|opw-*'] },
    { type: 'interface', interface: 'Rest' },
    { type: 'api', whitelist: ['ozw/get/user.*.*:nowhere'] },
    { type: 'api', whitelist: ['ozw/get/user.*:private'] },
    { type: 'api', whitelist: ['ozw/get/user.*.*:private:private'] },
    { type: 'api', whitelist: ['ozw/get/.*.*:private'] },
    { type: 'api', whitelist: ['ozw/get/od_user.*.*:private'] },
    { type: 'api', whitelist: ['ozw/get/user.*.a,b,c:private'] },
    { type: 'api', whitelist: ['ozw/get/user.*.*/x'] },
    { type: 'data.path', whitelist: ['L2F'] },
    { type: 'data.path', whitelist: ['L2E'] },
    { type: 'data.path', whitelist: ['L2E==='] },
    { type: 'data.path', whitelist: ['L2E=L2E='] },
    { type: 'data.path', whitelist: ['L2E=\f'] },
    { type: 'data.path', whitelist: ['L2E-L2E='] },
    { type: 'data.path', whitelist: ['YQ=='] },
    { type: 'data.objectid', whitelist: ['0'] },
    { type: 'data.objectid', whitelist: [`01${OBJECT_ID.slice(2)}`] },
    { type: 'data.objectid', whitelist: [`${OBJECT_ID}23`] },
    { type: 'data.objectid', whitelist: [''] },
  ])('is refused, and given back with the refusal: %o', (value) => {
    const error = expectTokenError(() => sanitizeCaveat(value), 'ERR_CAVEAT_INVALID')
    expect(error.value).toBe(value)
  })
})

describe('the text of a caveat', () => {
  const unknown = verifyCases.filter(({ response }) => response?.error?.id === 'tokenCaveatUnknown')

  test(`is unknown where it is to the reference: ${unknown.length} texts`, () => {
    expect(unknown).toHaveLength(26)
    for (const { response } of unknown) {
      const text = String(response?.error?.details?.['caveat'])
      expect(parseCaveat(text)).toEqual({ type: 'unknown', text })
      expect(serializeCaveat(parseCaveat(text))).toBe(text)
    }
  })

  test.each([
    ['time < +1750000005', { type: 'time', validUntil: 1750000005 }],
    ['time < 01750000005', { type: 'time', validUntil: 1750000005 }],
    ['time < -0', { type: 'time', validUntil: 0 }],
    ['ip = 203.0.113.0//24', { type: 'ip', whitelist: ['203.0.113.0/24'] }],
    ['ip = 203.0.113.0/24/', { type: 'ip', whitelist: ['203.0.113.0/24'] }],
    ['asn = +8267|08267', { type: 'asn', whitelist: [8267, 8267] }],
    ['geo.country = PL|', { type: 'geo.country', filter: 'whitelist', list: ['PL', ''] }],
    ['geo.country != US|DE', { type: 'geo.country', filter: 'blacklist', list: ['US', 'DE'] }],
    ['geo.region = Mars|EU', { type: 'geo.region', filter: 'whitelist', list: ['Mars', 'EU'] }],
    ['service = ozw-', { type: 'service', whitelist: ['ozw-'] }],
    ['consumer = nobody|usr-', { type: 'consumer', whitelist: ['nobody', 'usr-'] }],
    ['api = all/all/*.*.*', { type: 'api', whitelist: ['all/all/*.*.*:private'] }],
    ['data.path = L2E=|', { type: 'data.path', whitelist: ['L2E=', ''] }],
    ['data.path = L2F=\n| ', { type: 'data.path', whitelist: ['L2E=', ''] }],
    ['ip = +1.2.-00.4', { type: 'ip', whitelist: ['1.2.0.4/32'] }],
    ['data.objectid = no id', { type: 'data.objectid', whitelist: ['no id'] }],
    ['authorization = none', { scope: 'identityToken' }],
  ])('may be more lenient than JSON: %s', (text, caveat) => {
    expect(parseCaveat(text)).toEqual(caveat)
  })

  test.each([
    'time',
    'time < ',
    'time < 1e5',
    `time < ${'9'.repeat(400)}`,
    'ip = 1.2.3.4||1.2.3.5',
    'ip != 1.2.3.4',
    'ip = /',
    'service = nobody',
    'data.path = L2F',
    'api = ozw/all/foo.*.*:*',
    'api = ozw/all/op_file.*.*:*',
    'ip = 1.2.3.-',
    'data.readonly ',
    'toString',
    '__proto__ = x',
  ])('means nothing if it is %s', (text) => {
    expect(parseCaveat(text)).toEqual({ type: 'unknown', text })
  })

  test('keeps octets that are not UTF-8', () => {
    const octets = Buffer.from('consumer = usr-\xff\xfe|prv-\xc3\xa9', 'latin1')
    const caveat = parseCaveat(octets)
    expect(caveat).toEqual({ type: 'consumer', whitelist: ['usr-\udcff\udcfe', 'prv-é'] })
    expect(parseCaveat(serializeCaveat(caveat))).toEqual(caveat)
  })
})

describe('the table', () => {
  test('has a keyword of its own for every caveat', () => {
    const keywords = Object.values(CAVEATS).map(({ keyword }) => keyword)
    expect(new Set(keywords).size).toBe(13)
  })

  test('supports the caveats of each kind of token that the reference does', () => {
    const namesOf = (kind: 'access' | 'identity' | 'invite') =>
      Object.entries(CAVEATS)
        .filter(([, row]) => row.supportedBy.includes(kind))
        .map(([name]) => name)
    const everywhere = ['time', 'ip', 'asn', 'geo.country', 'geo.region', 'consumer']
    const data = ['data.readonly', 'data.path', 'data.objectid']
    expect(namesOf('invite').sort()).toEqual([...everywhere].sort())
    expect(namesOf('identity').sort()).toEqual([...everywhere, 'interface', 'scope'].sort())
    expect(namesOf('access').sort()).toEqual(
      [...everywhere, 'interface', 'service', 'api', ...data].sort(),
    )
  })
})

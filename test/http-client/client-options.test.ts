import { expect, test } from 'vitest'
import { createOnezoneClient } from '../../src/onezone/index.ts'

const URL_OF = 'https://onezone.example.org'

test.each([
  'https://onezone.example.org',
  'https://onezone.example.org:8443/',
  'HTTPS://ONEZONE.EXAMPLE.ORG',
  'http://localhost:8080',
  'http://onezone.localhost',
  'http://127.0.0.1:1',
  'http://127.3.2.1',
  'http://[::1]:8080',
])('%s is a URL of Onezone', async (url) => {
  await createOnezoneClient({ url }).close()
})

test.each([
  undefined,
  null,
  1,
  '',
  'onezone.example.org',
  '/path',
  'ftp://onezone.example.org',
  'onezone.example.org:443',
  'https:onezone.example.org',
  'https://user@onezone.example.org',
  'https://:secret@onezone.example.org',
  'https://onezone.example.org/api',
  'https://onezone.example.org/?',
  'https://onezone.example.org?q=1',
  'https://onezone.example.org/#',
  'https://onezone.example.org#x',
  'https://',
  new URL(URL_OF),
  'http://onezone.example.org',
  'http://10.0.0.1',
  'http://localhost.example.org',
  'http://128.0.0.1',
  'http://127.0.0.1.example.org',
  'http://[::2]',
  'http://0.0.0.0',
])('%s is no URL of Onezone', (url) => {
  expect(() => createOnezoneClient({ url: url as string })).toThrow(
    expect.objectContaining({ name: 'TypeError', message: expect.stringContaining('"url"') }),
  )
})

test('http: to another host must be asked for', async () => {
  const url = 'http://onezone.example.org'
  expect(() => createOnezoneClient({ url })).toThrow(/"allowInsecureHttp"/)
  await createOnezoneClient({ url, allowInsecureHttp: true }).close()
})

test('a secret in a URL is not repeated in the error', () => {
  expect(() => createOnezoneClient({ url: 'https://u:hunter2@onezone.example.org' })).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
  )
})

const counts = [
  'connectTimeoutMs',
  'totalTimeoutMs',
  'maxConnections',
  'maxQueued',
  'maxAttempts',
  'maxAnswerBytes',
]

test.each(
  counts.flatMap((name) =>
    [0, -1, 1.5, NaN, Infinity, 2 ** 31, '1', null].map((value) => [name, value]),
  ),
)('%s cannot be %s', (name, value) => {
  expect(() => createOnezoneClient({ url: URL_OF, [String(name)]: value })).toThrow(
    expect.objectContaining({ name: 'TypeError', message: expect.stringContaining(`"${name}"`) }),
  )
})

test.each([
  ['apiPrefix', ''],
  ['apiPrefix', 'api'],
  ['apiPrefix', '/api/'],
  ['apiPrefix', '/a?b'],
  ['apiPrefix', '/a/../b'],
  ['apiPrefix', 1],
  ['ca', ''],
  ['ca', true],
  ['ca', []],
  ['dispatcher', {}],
  ['dispatcher', null],
  ['onCall', 'log'],
  ['allowInsecureHttp', 'yes'],
])('%s cannot be %j', (name, value) => {
  expect(() => createOnezoneClient({ url: URL_OF, [name]: value })).toThrow(
    expect.objectContaining({ name: 'TypeError', message: expect.stringContaining(`"${name}"`) }),
  )
})

test.each([{ ca: 'pem' }, { connectTimeoutMs: 5 }])(
  '%j belongs to the dispatcher of the caller',
  (more) => {
    const dispatcher = { dispatch: () => true } as never
    const [name] = Object.keys(more)
    expect(() => createOnezoneClient({ url: URL_OF, dispatcher, ...more })).toThrow(`"${name}"`)
  },
)

test.each([undefined, null, 'https://onezone.example.org'])(
  '%j is no object of options',
  (options) => {
    expect(() => createOnezoneClient(options as never)).toThrow(TypeError)
  },
)

test('the options of the caller stay as they are', async () => {
  const options = Object.freeze({ url: URL_OF })
  await createOnezoneClient(options).close()
  expect(options).toEqual({ url: URL_OF })
})

import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  loadConfig,
  withDigestedSecrets,
  type ConfigSources,
  type GatewayConfig,
} from '../../src/config/index.ts'
import { hasOpenssl, selfSigned } from '../helpers/certificate.ts'
import { directoryWith, SERVICE_TOKEN as TOKEN } from './config-directory.ts'

const ONEZONE = 'onezone: { url: "https://onezone.example.org" }\n'
const ROUTES = 'routes: [{ path: /**, upstream: "http://127.0.0.1:3000" }]\n'

const openssl = hasOpenssl() ? test : test.skip

/** Loads a file of this text beside a file `token`. */
async function load(
  text: string,
  sources: ConfigSources = {},
  files: Record<string, string> = {},
): Promise<GatewayConfig> {
  const own = { 'config.yaml': text, token: `\n ${TOKEN}\n`, text: 'x' }
  const directory = await directoryWith({ ...own, ...files })
  return loadConfig({ ...sources, file: join(directory, 'config.yaml') })
}

function portOf({ listen }: GatewayConfig): unknown {
  return listen && 'port' in listen ? listen.port : listen
}
describe('upstreamHeaders', () => {
  const route = (fields: string) =>
    `${ONEZONE}routes:
  - path: /**
    headers: { subjectId: X-User-Name }
    upstreamHeaders: ${fields}
    upstream: 'http://127.0.0.1:3000'
`

  test('hold what stands there, or in a file beside', async () => {
    const seen: string[] = []
    const { routes } = await load(
      route("{ X-A: '1', Authorization: { file: credential } }"),
      { onFile: (name) => seen.push(name) },
      { credential: ' Basic YTpi \n' },
    )
    expect(routes[0]?.upstreamHeaders).toEqual({ 'X-A': '1', Authorization: 'Basic YTpi' })
    expect(seen.at(-1)).toMatch(/\/credential$/)
  })

  test.each([
    ['{ x_user_name: root }', 'upstreamHeaders.x_user_name', /name of an identity field/],
    ['{ X-Onedata-Subject-Id: root }', 'upstreamHeaders.X-Onedata-Subject-Id', /itself states/],
    ['{ Connection: close }', 'upstreamHeaders.Connection', /about the connection/],
    ['{ X-A: a, x_a: b }', 'upstreamHeaders.x_a', /already, in another spelling/],
    ['{ X-A: { file: nowhere } }', 'upstreamHeaders.X-A.file', /does not exist/],
    ['{ X-A: { file: text2 } }', 'upstreamHeaders.X-A.file', /content is not 1 to 8192/],
    ['{ X-A: 1 }', 'upstreamHeaders.X-A', /must be a text, or \{ file: NAME \}, not 1/],
    ['{ X-A: "a\\nb" }', 'upstreamHeaders.X-A', /printable ASCII/],
    ['[X-A]', 'upstreamHeaders', /must be values by the names/],
  ])('are refused with their place: %s', async (fields, path, message) => {
    const problems = { path: `routes[0].${path}`, message: expect.stringMatching(message) }
    await expect(load(route(fields), {}, { text2: 'two\nlines' })).rejects.toMatchObject({
      problems: [problems],
    })
  })
})

describe('limits and cors', () => {
  test('are refused where they contradict themselves', async () => {
    const text = `${ONEZONE}limits: { targetBytes: 40000 }
routes:
  - path: /**
    cors: { origins: ['*'], credentials: true }
    upstream: { urls: ['http://127.0.0.1:3000'], host: 'a b' }
  - { path: /a/**, cors: { origins: ['https://app.example.org/'] }, upstream: 'http://127.0.0.1:1' }
  - { path: /b/**, cors: {}, upstream: 'http://127.0.0.1:1' }
`
    await expect(load(text)).rejects.toMatchObject({
      problems: [
        { path: 'limits.targetBytes', message: expect.stringContaining('requestHeadBytes') },
        { path: 'routes[0].cors.origins', message: expect.stringContaining('may not be "*"') },
        { path: 'routes[0].upstream.host', message: expect.stringContaining('lower case') },
        { path: 'routes[1].path' },
        { path: 'routes[1].cors.origins[0]', message: expect.stringContaining('here https://app') },
        { path: 'routes[2].path' },
        { path: 'routes[2].cors.origins', message: 'is missing' },
      ],
    })
  })
})

describe('credentials', () => {
  test('of a route win over those for all', async () => {
    const { routes } = await load(
      `${ONEZONE}credentials: [bearer]
routes:
  - { path: /dav/**, credentials: [basic-password], upstream: 'http://127.0.0.1:3000' }
  - { path: /**, upstream: 'http://127.0.0.1:3000' }
`,
    )
    expect(routes.map(({ credentials }) => credentials)).toEqual([['basic-password'], ['bearer']])
  })

  test('have names, and may be none on public routes only', async () => {
    const text = `${ONEZONE}credentials: [basic]
routes:
  - { path: /a/**, credentials: [], upstream: 'http://127.0.0.1:3000' }
  - { path: /b/**, token: none, credentials: [], upstream: 'http://127.0.0.1:3000' }
`
    await expect(load(text)).rejects.toMatchObject({
      problems: [
        { path: 'credentials[0]', line: 2, message: expect.stringContaining('basic-password') },
        { path: 'routes[0].credentials', line: 4, message: expect.stringMatching(/^is empty/) },
      ],
    })
  })
})

describe('a good configuration', () => {
  test('has every default filled in', async () => {
    expect(await load(ONEZONE + ROUTES)).toEqual({
      listen: { host: '127.0.0.1', port: 8080 },
      adminListen: { host: '127.0.0.1', port: 9090 },
      adminToken: undefined,
      accessLog: { to: 'stdout', only: 'refusals', sample: 1, query: false },
      verifier: {
        type: 'onezone',
        url: 'https://onezone.example.org',
        ca: undefined,
        serviceToken: undefined,
        watchToken: undefined,
        guiUrl: 'https://onezone.example.org',
        watchIntervalMs: 2000,
        connectTimeoutMs: 1000,
        totalTimeoutMs: 2500,
        allowInsecureHttp: false,
      },
      trustedProxies: [],
      forwarded: 'x-forwarded',
      proxyProtocol: false,
      clientIdleMs: 65_000,
      routes: [
        {
          id: '/**',
          path: '/**',
          token: 'access',
          optional: false,
          interface: 'rest',
          inviteType: null,
          identityProviderTokens: false,
          caveats: { service: 'refuse', api: 'refuse', data: 'refuse' },
          forwardToken: false,
          bufferRequestBytes: 0,
          informational: false,
          upstream: {
            urls: ['http://127.0.0.1:3000'],
            retries: 2,
            maxConnections: 256,
            keepAliveMs: 4_000,
            maxConnectionAgeMs: 60_000,
            ejection: { failures: 3, baseMs: 5_000, maxMs: 60_000 },
          },
          websocket: true,
          timeouts: { connectMs: 3000, headMs: 60_000, idleBodyMs: 60_000, idleStreamMs: 0 },
        },
      ],
      verdicts: {
        maxStalenessMs: 10_000,
        negativeTtlMs: 2000,
        staleIfErrorMs: 0,
        maxTokens: 50_000,
        maxFamilies: 50_000,
        maxRefusals: 10_000,
        budget: { perAddressPerSecond: 50, perSubjectPerSecond: 100 },
      },
      realm: 'onedata',
      limits: {
        requestHeadBytes: 32_768,
        requestFields: 200,
        targetBytes: 16_384,
        responseHeadBytes: 65_536,
        responseFields: 500,
        connectionsPerAddress: 2_000,
        webSocketsPerAddress: 1_000,
        requestsPerAddressPerSecond: 0,
      },
      log: { level: 'info' },
      reload: { watchFiles: true, intervalMs: 2000 },
      shutdown: { readinessDelayMs: 0, drainMs: 25_000 },
      tls: undefined,
      workers: 1,
      fastLane: true,
    })
  })

  test('keeps everything that is written', async () => {
    const config = await load(`
listen: "[::1]:0"
adminListen: localhost:9091
onezone: { url: "http://127.0.0.1:9443", serviceTokenFile: token, totalTimeoutMs: 2000 }
trustedProxies: [10.0.0.0/8, "fd00::1"]
routes:
  - { id: open, path: /public/**, token: none, upstream: "https://example.org/base/" }
  - path: /invite
    token: invite
    inviteType: userJoinSpace
    optional: true
    interface: null
    subjects: { types: [user], ids: [alice, bob] }
    caveats: { api: delegate }
    headers: { subjectId: X-Forwarded-User }
    forwardToken: true
    upstream: http://localhost
    timeouts: { headMs: 5 }
realm: my realm
log: { level: debug }
shutdown: { drainMs: 0 }
`)
    expect(config).toMatchObject({
      listen: { host: '::1', port: 0 },
      adminListen: { host: 'localhost', port: 9091 },
      verifier: { url: 'http://127.0.0.1:9443', serviceToken: TOKEN, totalTimeoutMs: 2000 },
      trustedProxies: ['10.0.0.0/8', 'fd00::1'],
      routes: [
        {
          id: 'open',
          path: '/public/**',
          token: 'none',
          upstream: { urls: ['https://example.org/base'] },
        },
        {
          id: '/invite',
          token: 'invite',
          inviteType: 'userJoinSpace',
          optional: true,
          interface: null,
          subjects: { types: ['user'], ids: ['alice', 'bob'] },
          caveats: { service: 'verify', api: 'delegate', data: 'refuse' },
          headers: { subjectId: 'X-Forwarded-User' },
          forwardToken: true,
          timeouts: { connectMs: 3000, headMs: 5 },
        },
      ],
      realm: 'my realm',
      log: { level: 'debug' },
      shutdown: { drainMs: 0 },
    })
  })

  test('may say by host, path and method which requests take a route', async () => {
    const { routes } = await load(`${ONEZONE}
routes:
  - path: /users/:id/**
    hosts: [API.example.org., "*.Example.org", "[::1]"]
    methods: [GET, PUT]
    stripPrefix: /users
    maxBodyBytes: 0
    upstream: http://127.0.0.1:1
  - { path: /users/**, methods: [DELETE], upstream: http://127.0.0.1:1 }
  - { path: /users/**, upstream: http://127.0.0.1:1 }
`)
    expect(routes[0]).toMatchObject({
      hosts: ['api.example.org', '*.example.org', '[::1]'],
      methods: ['GET', 'PUT'],
      stripPrefix: '/users',
      maxBodyBytes: 0,
    })
    expect(routes.map(({ id }) => id)).toEqual([
      'GET,PUT api.example.org,*.example.org,[::1]/users/:id/**',
      'DELETE /users/**',
      '/users/**',
    ])
  })

  test('may name several upstreams, in a list or a group', async () => {
    const { routes } = await load(`${ONEZONE}
routes:
  - { path: /a, upstream: ["http://127.0.0.1:1/", "unix:/run/app.sock:/base/"] }
  - path: /b
    upstream:
      urls: [HTTP://Localhost:80]
      retries: 0
      maxConnections: 1000
      ejection: { failures: 1, baseMs: 100 }
      healthCheck: { path: /healthz?full, expect: [204] }
`)
    const ejection = { failures: 3, baseMs: 5_000, maxMs: 60_000 }
    expect(routes.map(({ upstream }) => upstream)).toEqual([
      {
        urls: ['http://127.0.0.1:1', 'unix:///run/app.sock:/base'],
        retries: 2,
        maxConnections: 256,
        keepAliveMs: 4_000,
        maxConnectionAgeMs: 60_000,
        ejection,
      },
      {
        urls: ['http://localhost'],
        retries: 0,
        maxConnections: 1_000,
        keepAliveMs: 4_000,
        maxConnectionAgeMs: 60_000,
        ejection: { failures: 1, baseMs: 100, maxMs: 60_000 },
        healthCheck: { path: '/healthz?full', intervalMs: 10_000, timeoutMs: 2_000, expect: [204] },
      },
    ])
  })

  test.each([
    ['hosts', '{ path: /a, hosts: ["*.h"], U }', '{ path: /a, hosts: [x.y.h], U }'],
    ['methods', '{ path: /a, methods: [GET], U }', '{ path: /a, methods: [GET, POST], U }'],
    ['a parameter after a word', '{ path: /a/b, U }', '{ path: /a/:x, U }'],
    [
      'everything after something',
      '{ path: /a, hosts: [h], methods: [GET], U }',
      '{ path: /a, U }',
    ],
  ])('may have routes that differ by %s', async (_what, first, second) => {
    const text = `${ONEZONE}routes:\n  - ${first}\n  - ${second}\n`
    const config = await load(text.replaceAll('U }', 'upstream: "http://127.0.0.1:1" }'))
    expect(config.routes).toHaveLength(2)
  })

  openssl('may name the files by which an upstream is known, and we to it', async () => {
    const { cert, key } = selfSigned('upstream', 'DNS:app.test')
    const upstream = (tls: string) => `${ONEZONE}upstream: { urls: [https://a], tls: { ${tls} } }`
    const files = { 'ca.pem': cert.toString(), 'key.pem': key.toString() }
    const both = 'serverName: app.test, caFile: ca.pem, certFile: ca.pem, keyFile: key.pem'
    const { routes } = await load(upstream(both), {}, files)
    expect(routes[0]?.upstream?.tls).toEqual({
      serverName: 'app.test',
      ca: cert.toString(),
      cert: cert.toString(),
      key: key.toString(),
    })
    await expect(load(upstream('certFile: ca.pem'), {}, files)).rejects.toThrow(
      'upstream.tls.certFile: needs "keyFile" beside it',
    )
    const swapped = load(upstream('certFile: key.pem, keyFile: ca.pem'), {}, files)
    await expect(swapped).rejects.toThrow('names a file that is no PEM private key')
    await expect(swapped).rejects.not.toThrow('BEGIN')
  })

  test('takes as many workers as there are CPUs, or as a flag says', async () => {
    const { workers } = await load(`${ONEZONE}${ROUTES}workers: auto`)
    expect(workers).toBe(availableParallelism())
    const flags = (text: string) => load(ONEZONE + ROUTES, { flags: { workers: text } })
    expect((await flags('3')).workers).toBe(3)
    expect((await flags('auto')).workers).toBe(availableParallelism())
  })

  test('has no secret in it for those who need none, and still tells when one has changed', async () => {
    const config = await load(`onezone: { url: "https://o", serviceTokenFile: token }\n${ROUTES}`)
    const open = withDigestedSecrets({ ...config, adminToken: 'admin-secret' })
    expect(JSON.stringify(open)).not.toMatch(new RegExp(`${TOKEN}|admin-secret`))
    const { verifier } = open
    const { verifier: own } = config
    if (verifier.type !== 'onezone' || own.type !== 'onezone') return expect.unreachable()
    expect(verifier.serviceToken).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(withDigestedSecrets(config).verifier).toEqual(verifier)
    const changed = withDigestedSecrets({
      ...config,
      verifier: { ...own, serviceToken: 'another' },
    })
    expect(changed.verifier).not.toEqual(verifier)
  })

  test('may be JSON, with tabs', async () => {
    const json = { onezone: { url: 'https://o.example' }, upstream: 'http://127.0.0.1:1' }
    const config = await load(JSON.stringify(json, null, '\t'))
    expect(config.routes).toMatchObject([
      { id: '/**', token: 'access', upstream: { urls: ['http://127.0.0.1:1'] } },
    ])
  })

  test('may use anchors', async () => {
    const config = await load(`${ONEZONE}routes:
  - { path: /a, upstream: &u "http://127.0.0.1:1", timeouts: &t { headMs: 9 } }
  - { path: /b, upstream: *u, timeouts: *t }
`)
    expect(config.routes[1]).toMatchObject({
      upstream: { urls: ['http://127.0.0.1:1'] },
      timeouts: { headMs: 9 },
    })
  })

  test('needs no file', async () => {
    const flags = { onezoneUrl: 'https://o.example', upstream: 'http://127.0.0.1:3000' }
    const config = await loadConfig({ flags })
    expect(config.routes).toMatchObject([{ path: '/**', token: 'access', interface: 'rest' }])
  })
})

describe('precedence', () => {
  const file = `listen: 127.0.0.1:1\nverdicts: { maxStalenessMs: 5000, maxTokens: 7 }\n${ONEZONE}${ROUTES}`
  const env = {
    ONEGATE_LISTEN: '127.0.0.1:2',
    ONEGATE_VERDICTS_MAX_STALENESS_MS: '6000',
    ONEGATE_TRUSTED_PROXIES: '10.0.0.1, 10.0.0.2',
    ONEGATE_ONEZONE_ALLOW_INSECURE_HTTP: 'true',
    ONEGATE_REALM: '',
    HOME: '/home/nobody',
  }

  test('is flags, environment, file, defaults', async () => {
    const flags = { listen: '127.0.0.1:3', trustedProxies: ['10.9.9.9'] }
    expect(portOf(await load(file))).toBe(1)
    expect(portOf(await load(file, { env }))).toBe(2)
    const config = await load(file, { env, flags })
    expect(portOf(config)).toBe(3)
    expect(config.trustedProxies).toEqual(['10.9.9.9'])
    expect(config.verdicts).toMatchObject({
      maxStalenessMs: 6000,
      maxTokens: 7,
      maxRefusals: 10_000,
    })
    expect(config.verifier.allowInsecureHttp).toBe(true)
  })

  test('lists in variables are separated by commas, and empty variables count as absent', async () => {
    const config = await load(file, { env })
    expect(config.trustedProxies).toEqual(['10.0.0.1', '10.0.0.2'])
    expect(config.realm).toBe('onedata')
  })

  test('the object that was passed in is left alone', async () => {
    const flags = Object.freeze({ listen: '127.0.0.1:3' })
    await load(file, { env: Object.freeze(env), flags })
  })

  test('names of files are relative to the file that gives them, but to here in variables', async () => {
    const relative = `onezone: { url: "https://o.example", serviceTokenFile: token }\n${ROUTES}`
    expect((await load(relative)).verifier).toMatchObject({ serviceToken: TOKEN })
    const given = { ONEGATE_ONEZONE_SERVICE_TOKEN_FILE: 'token' }
    await expect(load(relative, { env: given })).rejects.toThrow(
      'ONEGATE_ONEZONE_SERVICE_TOKEN_FILE: onezone.serviceTokenFile: names a file that does not exist',
    )
  })
})

test('what Kubernetes says of a service called onegate is no mistake of anybody', async () => {
  const env = {
    ONEGATE_SERVICE_HOST: '10.0.0.1',
    ONEGATE_SERVICE_PORT: '80',
    ONEGATE_SERVICE_PORT_HTTP: '80',
    ONEGATE_PORT: 'tcp://10.0.0.1:80',
    ONEGATE_PORT_80_TCP: 'tcp://10.0.0.1:80',
    ONEGATE_PORT_80_TCP_ADDR: '10.0.0.1',
    ONEGATE_ADMIN_SERVICE_HOST: '10.0.0.2',
  }
  expect(portOf(await load(ONEZONE + ROUTES, { env }))).toBe(8080)
})

describe('a token in the wrong place is never repeated', () => {
  test.each([
    ['setting', `onezone: { url: "https://o", serviceToken: ${TOKEN} }\n${ROUTES}`],
    ['file name', `onezone: { url: "https://o", serviceTokenFile: ${TOKEN} }\n${ROUTES}`],
    ['word', `${ONEZONE}${ROUTES}log: { level: ${TOKEN} }`],
    ['key', `${ONEZONE}${ROUTES}${TOKEN}: 1`],
    ['broken YAML', `${ONEZONE}${ROUTES}${TOKEN}\n`],
    ['alias', `${ONEZONE}${ROUTES}realm: *${TOKEN}\n`],
    ['path', `${ONEZONE}routes: [{ path: ${TOKEN}, upstream: ${TOKEN} }]`],
  ])('%s', async (_, text) => {
    await expect(load(text)).rejects.toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      message: expect.not.stringContaining(TOKEN.slice(0, 20)),
    })
  })

  test('variable', async () => {
    const env = { ONEGATE_ONEZONE_SERVICE_TOKEN: TOKEN }
    await expect(load(ONEZONE + ROUTES, { env })).rejects.toMatchObject({
      message:
        'ONEGATE_ONEZONE_SERVICE_TOKEN: is not a variable of onegate; did you mean ONEGATE_ONEZONE_SERVICE_TOKEN_FILE?',
    })
  })
})

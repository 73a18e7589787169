import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadConfig, type ConfigSources } from '../../src/config/index.ts'
import { ConfigError } from '../../src/errors.ts'
import { createAuthority, tlsTest } from '../helpers/certificates.ts'
import { directoryWith, SERVICE_TOKEN } from './config-directory.ts'

const ONEZONE = 'onezone: { url: "https://onezone.example.org" }\n'
const ROUTES = 'routes: [{ path: /**, upstream: "http://127.0.0.1:3000" }]\n'
const GOOD = ONEZONE + ROUTES
const URL = 'upstream: "http://127.0.0.1:3000"'

const MISSING_URL =
  'onezone.url: is missing; set it in a configuration file, or by --onezone-url or ONEGATE_ONEZONE_URL'
const MISSING_ROUTES =
  'routes: are missing; list them in a configuration file, or make one route /** for access tokens by --upstream or ONEGATE_UPSTREAM'

/** A configuration whose only route has these settings beside path and upstream. */
function withRoute(settings: string): string {
  return `${ONEZONE}routes:\n  - { path: /**, ${URL}, ${settings} }\n`
}

/** The problems of a file of this text, with `config.yaml` in place of its full name. */
async function problemsOf(text: string, sources: ConfigSources = {}): Promise<string[]> {
  const directory = await directoryWith({
    'config.yaml': text,
    token: `\n ${SERVICE_TOKEN}\n`,
    text: 'x',
  })
  const file = join(directory, 'config.yaml')
  const error = await loadConfig({ ...sources, file }).then(
    () => expect.unreachable('the configuration was accepted'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ConfigError)
  return (error as ConfigError).message
    .replaceAll(file, 'config.yaml')
    .replaceAll(directory, '…')
    .split('\n')
}

describe('a bad setting is told with line and column (at ▸)', () => {
  const table: [title: string, text: string, problem: string][] = [
    // Keys
    ['unknown key', `${GOOD}▸listn: x`, 'listn: is not a setting here; did you mean "listen"?'],
    [
      'unknown nested key',
      `onezone:\n  url: https://o\n  ▸serviceToken: x\n${ROUTES}`,
      'onezone.serviceToken: is not a setting here; did you mean "serviceTokenFile"?',
    ],
    [
      'unknown key like no other',
      `${GOOD}log: { ▸zzz: 1 }`,
      'log.zzz: is not a setting here; known are level',
    ],
    [
      'inherited name as key',
      `${GOOD}▸__proto__: { a: 1 }`,
      '__proto__: is not a setting here; known are listen, proxyProtocol, clientIdleMs, healthPath, adminListen, adminTokenFile, adminPage, tls, workers, fastLane, onezone, verifier, forwardAuth, assertion, trustedProxies, forwarded, upstream, credentials, routes, verdicts, store, realm, limits, log, accessLog, reload, shutdown',
    ],
    ['missing setting', `▸onezone: {}\n${ROUTES}`, MISSING_URL],
    ['missing group', `▸${ROUTES}`, MISSING_URL],
    ['no routes', `▸${ONEZONE}`, MISSING_ROUTES],
    [
      'route without upstream',
      `${ONEZONE}routes:\n  - ▸path: /**`,
      'routes[0].upstream: is missing; only with forwardAuth.listen may a route be without one',
    ],
    [
      'forward auth that nobody may ask',
      `${ONEZONE}forwardAuth:\n  listen: ▸127.0.0.1:8181\n${ROUTES}`,
      'forwardAuth.listen: needs trustedProxies: the addresses of the front proxies that may ask',
    ],
    [
      'forward auth on the address of another listener',
      `${ONEZONE}listen: 127.0.0.1:1\ntrustedProxies: [::1]\nforwardAuth:\n  listen: ▸127.0.0.1:1\n${ROUTES}`,
      'forwardAuth.listen: is the same as "listen"',
    ],
    [
      'a Unix socket that is relative',
      `${ONEZONE}forwardAuth:\n  listen: ▸unix:a.sock\n${ROUTES}`,
      'forwardAuth.listen: must name a Unix socket absolutely, in up to 107 bytes: unix:/run/a.sock',
    ],
    [
      'delegated caveats behind forward auth',
      `${ONEZONE}forwardAuth: { listen: unix:/run/a }\nroutes:\n  - path: /**\n    caveats:\n      api: ▸delegate`,
      'routes[0].caveats.api: needs "assertion" on the route with forwardAuth: a front proxy can lose the field that tells the caveats, and that must not mean that there are none; or set it to "refuse"',
    ],
    // Kinds of values
    [
      'empty list of routes',
      `${ONEZONE}routes: ▸[]`,
      'routes: is empty; every request would get 404',
    ],
    [
      'empty group',
      `${GOOD}▸verdicts:\n`,
      'verdicts: is empty; give a group of settings (key: value), or remove the key',
    ],
    [
      'list for a group',
      `${GOOD}log: ▸[1]`,
      'log: must be a group of settings (key: value), not a list',
    ],
    ['list as the whole', '▸- 1', 'must be a group of settings (key: value), not a list'],
    [
      'number with a unit',
      `${GOOD}verdicts: { maxStalenessMs: ▸10s }`,
      'verdicts.maxStalenessMs: must be a whole number from 100 to 300000, not "10s"; the unit is milliseconds, so write 10000',
    ],
    [
      'number out of range',
      `${GOOD}verdicts: { maxStalenessMs: ▸99 }`,
      'verdicts.maxStalenessMs: must be a whole number from 100 to 300000, not 99',
    ],
    [
      'fraction',
      `${GOOD}verdicts: { maxTokens: ▸1.5 }`,
      'verdicts.maxTokens: must be a whole number from 1 to 10000000, not 1.5',
    ],
    [
      'a certificate without its key',
      `${GOOD}▸tls: { certFile: text }`,
      'tls.keyFile: is missing; set it in a configuration file, or by ONEGATE_TLS_KEY_FILE',
    ],
    [
      'no workers',
      `${GOOD}workers: ▸0`,
      'workers: must be auto, or a whole number from 1 to 256, not 0',
    ],
    [
      'a word for workers',
      `${GOOD}workers: ▸many`,
      'workers: must be auto, or a whole number from 1 to 256, not "many"',
    ],
    [
      'infinite number',
      `${GOOD}shutdown: { drainMs: ▸.inf }`,
      'shutdown.drainMs: must be a whole number from 0 to 600000, not Infinity',
    ],
    [
      'word for a toggle',
      withRoute('optional: ▸yes'),
      'routes[0].optional: must be true or false, not "yes"',
    ],
    [
      'unknown word',
      `${GOOD}log: { level: ▸warning }`,
      'log.level: must be one of debug, info, warn, error, not "warning"; did you mean "warn"?',
    ],
    [
      'unknown interface',
      withRoute('interface: ▸none'),
      'routes[0].interface: must be one of rest, oneclient, graphsync, or null, not "none"',
    ],
    // Which requests take a route
    [
      'port in a host',
      withRoute('hosts: [▸"a:80"]'),
      'routes[0].hosts[0]: must not have a port: a request is matched by the name alone',
    ],
    [
      'host in Unicode',
      withRoute('hosts: [▸"*.bücher.example"]'),
      'routes[0].hosts[0]: must be written in ASCII, as it comes in requests: *.xn--bcher-kva.example',
    ],
    [
      'star inside a host',
      withRoute('hosts: [a, ▸"b.*.org"]'),
      'routes[0].hosts[1]: may contain "*" only as its first label, e.g. *.example.org',
    ],
    [
      'host for hosts',
      withRoute('hosts: ▸a.example'),
      'routes[0].hosts: must be a list of host names, not "a.example"',
    ],
    [
      'no host',
      withRoute('hosts: ▸[]'),
      'routes[0].hosts: is empty, so nothing would match; remove it to match all',
    ],
    [
      'method in small letters',
      withRoute('methods: [▸get]'),
      'routes[0].methods[0]: must be written in capital letters: GET',
    ],
    [
      'unknown method',
      withRoute('methods: [▸TRACE]'),
      'routes[0].methods[0]: must be a method that the gateway carries, e.g. GET',
    ],
    [
      'prefix that is none',
      `${ONEZONE}routes: [{ path: /api/**, stripPrefix: ▸/ap, ${URL} }]`,
      'routes[0].stripPrefix: must be a prefix of the path (/api/**), up to its first parameter',
    ],
    [
      'body limit with a unit',
      withRoute('maxBodyBytes: ▸1MB'),
      'routes[0].maxBodyBytes: must be a whole number from 0 to 1099511627776, not "1MB"',
    ],
    // Upstreams
    [
      'number for an upstream',
      `${ONEZONE}upstream: ▸80`,
      'upstream: must be a URL, e.g. http://127.0.0.1:3000, not 80',
    ],
    [
      'bad upstream in a list',
      `${ONEZONE}upstream: [http://a, ▸http://u:p@b]`,
      'upstream[1]: must not contain a user name or password',
    ],
    ['no upstream', `${ONEZONE}upstream: ▸[]`, 'upstream: is empty; name at least one URL'],
    [
      'upstream twice',
      `${ONEZONE}upstream: { urls: [http://a, ▸HTTP://A:80/] }`,
      'upstream.urls[1]: is in the list already; remove it',
    ],
    ['group without urls', `${ONEZONE}▸upstream: { retries: 1 }`, 'upstream.urls: is missing'],
    [
      'unknown key of an upstream',
      `${ONEZONE}upstream: { urls: [http://a], ▸healthcheck: {} }`,
      'upstream.healthcheck: is not a setting here; did you mean "healthCheck"?',
    ],
    [
      'no connections to an upstream',
      `${ONEZONE}upstream: { urls: [http://a], maxConnections: ▸0 }`,
      'upstream.maxConnections: must be a whole number from 1 to 65535, not 0',
    ],
    [
      'relative socket',
      `${ONEZONE}upstream: ▸unix:app.sock`,
      'upstream: must name a socket by its absolute path, e.g. unix:///run/app.sock',
    ],
    [
      'health check that is a URL',
      `${ONEZONE}upstream: { urls: [http://a], healthCheck: { path: ▸http://b } }`,
      'upstream.healthCheck.path: must be a path with its query, if any, e.g. /healthz',
    ],
    [
      'ejection that shrinks',
      `${ONEZONE}upstream: { urls: [http://a], ejection: { baseMs: ▸70000 } }`,
      'upstream.ejection.baseMs: makes maxMs (60000) less than baseMs (70000)',
    ],
    [
      'TLS for a plain upstream',
      `${ONEZONE}upstream: { urls: [https://a, http://b], ▸tls: { serverName: c } }`,
      'upstream.tls: is only for URLs that begin with https://',
    ],
    [
      'switch that there is not',
      `${ONEZONE}upstream: { urls: [https://a], tls: { ▸rejectUnauthorized: false } }`,
      'upstream.tls.rejectUnauthorized: is not a setting here; known are caFile, serverName, certFile, keyFile',
    ],
    [
      'address for a server name',
      `${ONEZONE}upstream: { urls: [https://a], tls: { serverName: ▸127.0.0.1 } }`,
      'upstream.tls.serverName: must be a host name in lower case, e.g. api.example.org',
    ],
    [
      'missing authority file',
      `${ONEZONE}upstream: { urls: [https://a], tls: { caFile: ▸none.pem } }`,
      'upstream.tls.caFile: names a file that does not exist: …/none.pem',
    ],
    // What people write who know other programs
    [
      'duration with a unit',
      `${GOOD}shutdown: { drainMs: ▸30s }`,
      'shutdown.drainMs: must be a whole number from 0 to 600000, not "30s"; the unit is milliseconds, so write 30000',
    ],
    [
      'variable that is to be replaced',
      `${GOOD}realm: ▸'x \${REALM}'`,
      'realm: has "${REALM}" in it, and variables are not replaced; leave the setting out and give it by ONEGATE_REALM',
    ],
    [
      'gateway in front of itself',
      `${ONEZONE}listen: 0.0.0.0:8081\nupstream: ▸http://localhost:8081`,
      'upstream: is this gateway itself ("listen"); name the API behind it',
    ],
    [
      'gateway in front of itself by default',
      `${ONEZONE}routes: [{ path: /**, upstream: [http://a, ▸'http://127.0.0.1:8080/x'] }]`,
      'routes[0].upstream[1]: is this gateway itself ("listen"); name the API behind it',
    ],
    [
      'gateway in front of its own socket',
      `${ONEZONE}listen: unix:/run/a.sock?mode=600\nupstream: { urls: [▸'unix:///run/a.sock'] }`,
      'upstream.urls[0]: is this gateway itself ("listen"); name the API behind it',
    ],
    [
      'mistake in a group that is merged in',
      `${ONEZONE}routes:\n  - &base { path: /a, upstream: http://a, timeouts: { headMs: 1 } }\n  - { <<: *base, path: /b, token: ▸nothing }`,
      'routes[1].token: must be one of access, identity, invite, none, not "nothing"',
    ],
    // Addresses
    [
      'address twice',
      `${GOOD}listen: ['127.0.0.1:80', ▸'127.0.0.1:80']`,
      'listen[1]: is in the list already; remove it',
    ],
    [
      'Unix socket with a mode that is none',
      `${GOOD}listen: ▸unix:/run/a.sock?mode=9`,
      'listen: must have three octal digits as mode: unix:/run/a.sock?mode=660',
    ],
    ['no addresses', `${GOOD}listen: ▸[]`, 'listen: is empty; name at least one address'],
    [
      'PROXY heads from nobody',
      `${GOOD}proxyProtocol: ▸true`,
      'proxyProtocol: needs trustedProxies: the addresses of the proxies that speak it',
    ],
    [
      'everybody as proxies',
      `${GOOD}trustedProxies: ▸[0.0.0.0/1, 128.0.0.0/1]`,
      'trustedProxies: would together trust everybody who can connect; name the proxies',
    ],
    [
      'path with a query for health',
      `${GOOD}healthPath: ▸/healthz?x`,
      'healthPath: must be a path of letters, digits, ".", "_", "~" and "-", e.g. /healthz',
    ],
    [
      'number for an address',
      `${GOOD}listen: ▸8080`,
      'listen: must be HOST:PORT or unix:PATH, not 8080',
    ],
    [
      'address without host',
      `${GOOD}listen: ▸":80"`,
      'listen: must name the address too: 127.0.0.1:80 for this machine only, 0.0.0.0:80 for everybody',
    ],
    [
      'one address for both listeners',
      `${GOOD}listen: localhost:80\nadminListen: ▸localhost:80`,
      'adminListen: is the same as "listen"; metrics are not for clients',
    ],
    [
      'proxy range that trusts everybody',
      `${GOOD}trustedProxies: [10.0.0.1, ▸"::/0"]`,
      'trustedProxies[1]: would trust everybody who can connect; name the proxies',
    ],
    [
      'proxy by name',
      `${GOOD}trustedProxies: [▸proxy]`,
      'trustedProxies[0]: must be an IP address or CIDR range, e.g. 10.0.0.0/8 or fd00::/8',
    ],
    [
      'proxies as plain text',
      `${GOOD}trustedProxies: ▸10.0.0.1`,
      'trustedProxies: must be a list of addresses or CIDR ranges, not "10.0.0.1"',
    ],
    // URLs
    [
      'Onezone over plain http',
      `onezone: { url: ▸"http://onezone.example.org" }\n${ROUTES}`,
      'onezone.url: sends every token in the clear and lets anybody on the way forge answers; use https://, or set onezone.allowInsecureHttp: true (ONEGATE_ONEZONE_ALLOW_INSECURE_HTTP=true)',
    ],
    [
      'path in the URL of Onezone',
      `onezone: { url: ▸"https://o/x" }\n${ROUTES}`,
      'onezone.url: must end after host and port; Onezone serves its API at a fixed path',
    ],
    [
      'password in a URL',
      `${ONEZONE}upstream: ▸http://u:hunter2@h`,
      'upstream: must not contain a user name or password',
    ],
    ['query in a URL', `${ONEZONE}upstream: ▸http://h/?a`, 'upstream: must not contain "?" or "#"'],
    [
      'another scheme',
      `${ONEZONE}upstream: ▸ftp://h`,
      'upstream: must be a URL that begins with http:// or https://, e.g. http://127.0.0.1:3000, or a Unix socket, e.g. unix:///run/app.sock',
    ],
    // Routes
    [
      'star inside a path',
      `${ONEZONE}routes: [{ path: ▸/a/*/b, ${URL} }]`,
      'routes[0].path: may contain "*" only as "/**" at its end, e.g. /api/**',
    ],
    [
      'id with a space',
      withRoute('id: ▸a b'),
      'routes[0].id: must be a letter or digit and at most 63 more letters, digits, ".", "_" or "-"',
    ],
    [
      'public route that is optional',
      withRoute('token: none, ▸optional: true'),
      'routes[0].optional: has no meaning on a public route (token: none); remove it',
    ],
    [
      'invitation on another route',
      withRoute('▸inviteType: supportSpace'),
      'routes[0].inviteType: is only for routes with "token: invite"; remove it',
    ],
    [
      'list that admits nobody',
      withRoute('subjects: { ids: ▸[] }'),
      'routes[0].subjects.ids: is empty, so nobody could pass; remove it to admit everybody',
    ],
    [
      'route after one that catches all',
      `${ONEZONE}routes:\n  - { path: /**, ${URL} }\n  - { path: ▸/a, ${URL} }\n`,
      'routes[1].path: can never match, since routes[0] (/**) comes first and matches it too; move this route up',
    ],
    [
      'route that another takes by a parameter',
      `${ONEZONE}routes:\n  - { path: /:x/**, ${URL} }\n  - { path: ▸/a/b, methods: [GET], hosts: [h], ${URL} }\n`,
      'routes[1].path: can never match, since routes[0] (/:x/**) comes first and matches it too; move this route up',
    ],
    [
      'route that another takes by host and method',
      `${ONEZONE}routes:\n  - { path: /a, methods: [GET, PUT], hosts: ["*.h"], ${URL} }\n  - { path: ▸/a, methods: [HEAD], hosts: [x.h], ${URL} }\n`,
      'routes[1].path: can never match, since routes[0] (GET,PUT *.h/a) comes first and matches it too; move this route up',
    ],
    [
      'path, host and methods twice',
      `${ONEZONE}routes:\n  - { path: /a/:x, hosts: [h, i], ${URL} }\n  - { path: ▸/a/:y, hosts: [I., H], ${URL} }\n`,
      'routes[1].path: is the path of routes[0] already; remove one of the two',
    ],
    [
      'path twice',
      `${ONEZONE}routes:\n  - { path: /a, ${URL} }\n  - { path: ▸/a, ${URL} }\n`,
      'routes[1].path: is the path of routes[0] already; remove one of the two',
    ],
    [
      'id twice',
      `${ONEZONE}routes:\n  - { id: x, path: /a, ${URL} }\n  - { id: ▸x, path: /b, ${URL} }\n`,
      'routes[1].id: is the id of routes[0] already; each route needs its own',
    ],
    [
      'routes and an upstream',
      `${GOOD}upstream: ▸http://u`,
      'upstream: makes one route /** of its own, but "routes" are given too; remove one of the two',
    ],
    [
      'setting behind an anchor',
      `${ONEZONE}routes:\n  - { path: /a, ${URL}, timeouts: &t { headMs: ▸0 } }\n`,
      'routes[0].timeouts.headMs: must be a whole number from 1 to 3600000, not 0',
    ],
    // Identity headers
    [
      'header name with a space',
      withRoute('headers: { subjectId: ▸"X Y" }'),
      'routes[0].headers.subjectId: must be the name of a header field, e.g. X-Forwarded-User',
    ],
    [
      'header name that is taken',
      withRoute('headers: { subjectId: ▸Host }'),
      'routes[0].headers.subjectId: has another meaning already; choose another name',
    ],
    [
      'one header name for two facts',
      withRoute('headers: { subjectId: X-A, tokenId: ▸x_a }'),
      'routes[0].headers.tokenId: is the name of "subjectId" already',
    ],
    [
      'a header name that another fact has by default',
      withRoute('headers: { subjectId: ▸X-Onedata-Token-Id }'),
      'routes[0].headers.subjectId: is the name of "tokenId" already',
    ],
    // Service token and files
    [
      'verify without a service token',
      withRoute('caveats: { service: ▸verify }'),
      'routes[0].caveats.service: "verify" needs a service token; without one use "refuse" (see onezone.serviceTokenFile)',
    ],
    [
      'as-onezone with a service token',
      `onezone: { url: "https://o", serviceTokenFile: token }\nroutes: [{ path: /**, ${URL}, caveats: { service: ▸as-onezone } }]`,
      'routes[0].caveats.service: "as-onezone" contradicts the service token; use "verify", or remove it (see onezone.serviceTokenFile)',
    ],
    [
      'service token file that holds none',
      `onezone: { url: "https://o", serviceTokenFile: ▸text }\n${ROUTES}`,
      'onezone.serviceTokenFile: names a file whose content is not an Onedata token',
    ],
    [
      'certificate file that holds none',
      `onezone: { url: "https://o", caFile: ▸text }\n${ROUTES}`,
      'onezone.caFile: names a file that does not begin with a PEM certificate',
    ],
    [
      'watch token file that holds none',
      `onezone: { url: "https://o", watchTokenFile: ▸text }\n${ROUTES}`,
      'onezone.watchTokenFile: names a file whose content is not 16 to 4096 printable characters in one word',
    ],
    [
      'watch that looks too seldom',
      `onezone: { url: "https://o", watchTokenFile: token, watchIntervalMs: ▸10000 }\n${ROUTES}`,
      'onezone.watchIntervalMs: must be less than verdicts.maxStalenessMs (10000): otherwise the watch finds nothing first',
    ],
    [
      'admin token that could be guessed',
      `${GOOD}adminTokenFile: ▸text`,
      'adminTokenFile: names a file whose content is not 16 to 4096 printable characters in one word',
    ],
    [
      'bound below the time that an answer may take',
      `${GOOD}verdicts: { maxStalenessMs: ▸2499 }`,
      'verdicts.maxStalenessMs: is less than onezone.totalTimeoutMs (2500): an answer could be too old when it comes; raise it, or lower that',
    ],
    [
      'budget of nothing',
      `${GOOD}verdicts: { budget: { perAddressPerSecond: ▸0 } }`,
      'verdicts.budget.perAddressPerSecond: must be a whole number from 1 to 1000000, not 0',
    ],
    // YAML
    ['key twice', `${GOOD}realm: a\n▸realm: b`, 'the key occurs a second time; keep one of them'],
    ['alias of nothing', `${ONEZONE}routes: ▸*x\n`, 'the alias *x has no anchor &x before it'],
    ['tag', `${GOOD}realm: ▸!!js/function x\n`, 'tags (!…) are not supported'],
    ['tab', `${ONEZONE}routes:\n▸\t- a`, 'a tab is used for indentation; YAML wants spaces'],
    [
      'two documents',
      `${GOOD}▸---\na: 1`,
      'a second document begins here; a configuration is one document',
    ],
  ]

  test.each(table)('%s', async (_, marked, problem) => {
    const before = marked.slice(0, marked.indexOf('▸')).split('\n')
    const place = `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`
    expect(await problemsOf(marked.replace('▸', ''))).toEqual([`config.yaml:${place}: ${problem}`])
  })
})

describe('a file that cannot be read', () => {
  test('does not exist', async () => {
    await expect(loadConfig({ file: '/nowhere/config.yaml' })).rejects.toThrow(
      '/nowhere/config.yaml:1:1: cannot be read: there is no such file',
    )
  })

  test('multiplies itself', async () => {
    const levels = Array.from(
      { length: 9 },
      (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(9)}]`,
    )
    const [problem] = await problemsOf(`a0: &a0 x\n${levels.join('\n')}\n`)
    expect(problem).toMatch(/^config\.yaml:1:1: cannot be read: Excessive alias count/)
  })

  test('contains itself', async () => {
    const problems = await problemsOf(`${GOOD}trustedProxies: &a [*a]\n`)
    expect(problems).toEqual([
      'config.yaml:3:21: trustedProxies[0]: must be an address or CIDR range, not a list',
    ])
  })

  test('is nested without end', async () => {
    const [problem] = await problemsOf('['.repeat(100_000))
    expect(problem).toMatch(/^config\.yaml:\d+:\d+: cannot be read/)
  })

  test('is larger than any configuration', async () => {
    const [problem] = await problemsOf(`# ${'x'.repeat(1024 * 1024)}`)
    expect(problem).toMatch(/is larger than 1048576 bytes/)
  })
})

describe('all problems are told at once', () => {
  test('in the order of the file, then variables and flags', async () => {
    const text = `adminListen: 1\nlistn: 1\nroutes:\n  - path: a\n    optionl: true\n    upstream: http://u\n`
    const env = { ONEGATE_LOG_LEVEL: 'loud', ONEGATE_LISTN: 'x', ONEGATE_ZZZ: '1' }
    const flags = { listen: 'nowhere', trustedProxies: ['10.0.0.0/8', 'x'] }
    expect(await problemsOf(text, { env, flags })).toEqual([
      `config.yaml:1:1: ${MISSING_URL}`,
      'config.yaml:1:14: adminListen: must be HOST:PORT, not 1',
      'config.yaml:2:1: listn: is not a setting here; did you mean "listen"?',
      'config.yaml:4:11: routes[0].path: must begin with "/", e.g. /api/** or /**',
      'config.yaml:5:5: routes[0].optionl: is not a setting here; did you mean "optional"?',
      '--listen: listen: must be HOST:PORT, e.g. 127.0.0.1:8080 or [::1]:8080',
      '--trusted-proxy: trustedProxies[1]: must be an IP address or CIDR range, e.g. 10.0.0.0/8 or fd00::/8',
      'ONEGATE_LOG_LEVEL: log.level: must be one of debug, info, warn, error, not "loud"',
      'ONEGATE_LISTN: is not a variable of onegate; did you mean ONEGATE_LISTEN?',
      'ONEGATE_ZZZ: is not a variable of onegate; remove it',
    ])
  })

  test('without a file', async () => {
    await expect(loadConfig({})).rejects.toThrow(
      `configuration: ${MISSING_URL}\nconfiguration: ${MISSING_ROUTES}`,
    )
  })

  test('with path, source, line and column for programs', async () => {
    const directory = await directoryWith({ 'config.yaml': `${GOOD}log: { level: x }` })
    const file = join(directory, 'config.yaml')
    await expect(loadConfig({ file })).rejects.toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      problems: [{ path: 'log.level', source: file, line: 3, column: 15 }],
    })
  })
})

describe('TLS files are tried', () => {
  async function problemsOfTls(settings: string): Promise<string[]> {
    const authority = createAuthority('a')
    const directory = await directoryWith({
      'cert.pem': authority.cert,
      'key.pem': authority.key,
      'other.pem': authority.issue('other').key,
      text: 'x',
      'config.yaml': `${GOOD}tls: { ${settings} }`,
    })
    const error: unknown = await loadConfig({ file: join(directory, 'config.yaml') }).catch(
      (reason: unknown) => reason,
    )
    if (!(error instanceof ConfigError)) return []
    return error.problems.map(
      ({ path, message, line }) => `${line} ${path}: ${message.replace(directory, '…')}`,
    )
  }
  const PAIR = 'certFile: cert.pem, keyFile: key.pem'

  tlsTest.each([
    ['a good pair', PAIR, []],
    ['a good pair and an authority', `${PAIR}, clientCaFile: cert.pem`, []],
    [
      'no certificate, and no key',
      'certFile: text, keyFile: nowhere',
      [
        '3 tls.certFile: names a file that holds no PEM certificates, or one that cannot be read',
        '3 tls.keyFile: names a file that does not exist: …/nowhere',
      ],
    ],
    [
      'a text in place of a key',
      'certFile: cert.pem, keyFile: text',
      ['3 tls.keyFile: names a file that holds no PEM private key, or an encrypted one'],
    ],
    [
      "somebody else's key",
      'certFile: cert.pem, keyFile: other.pem',
      ['3 tls.keyFile: names a file whose key does not belong to the certificate of certFile'],
    ],
    [
      'certificates of clients that nobody could judge',
      `${PAIR}, clientAuth: require`,
      ['3 tls.clientAuth: needs tls.clientCaFile: whose certificates are to be believed'],
    ],
    [
      'HTTP/2 without TLS',
      'http2: true',
      [
        '3 tls.certFile: is missing; set it in a configuration file, or by ONEGATE_TLS_CERT_FILE',
        '3 tls.keyFile: is missing; set it in a configuration file, or by ONEGATE_TLS_KEY_FILE',
        '3 tls.http2: needs tls.certFile and tls.keyFile: HTTP/2 is spoken over TLS only',
      ],
    ],
    [
      'HTTP/2 by another word',
      `${PAIR}, http2: yes please`,
      ['3 tls.http2: must be true or false, not "yes please"'],
    ],
    [
      'an authority for certificates that nobody asks for',
      `${PAIR}, clientCaFile: cert.pem, clientAuth: none`,
      ['3 tls.clientAuth: makes tls.clientCaFile useless; remove that, or ask for certificates'],
    ],
  ])('%s', async (_title, settings, problems) => {
    expect(await problemsOfTls(settings)).toEqual(problems)
  })
})

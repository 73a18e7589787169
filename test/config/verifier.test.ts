import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import type { ConfigSources, GatewayConfig } from '../../src/config/index.ts'
import { insecureSettingsOf, loadConfig, verifierChoiceOf } from '../../src/config/index.ts'
import { ConfigError } from '../../src/errors.ts'
import { mint } from '../helpers/tokens.ts'
import { directoryWith } from './config-directory.ts'

const API_TOKEN = 'dt0c01.OWN.0123456789'
const UPSTREAM = 'upstream: "http://127.0.0.1:3000"'
const ROUTES = `routes: [{ path: /**, ${UPSTREAM}, scopes: [settings.read] }]`
const LOOKUP =
  'verifier: { type: token-lookup, url: "https://c.example.org", apiTokenFile: secret }'

async function load(text: string, sources: ConfigSources = {}): Promise<GatewayConfig> {
  const files = { 'c.yaml': text, secret: `${API_TOKEN}\n`, short: 'x', watch: mint() }
  return loadConfig({ ...sources, file: join(await directoryWith(files), 'c.yaml') })
}

/** The problems of a file of this text, without its name. */
async function problemsOf(text: string): Promise<string[]> {
  const error: unknown = await load(text).catch((cause: unknown) => cause)
  expect(error).toBeInstanceOf(ConfigError)
  return (error as ConfigError).problems.map(({ path, message }) => `${path}: ${message}`)
}

const lookupRoute = (settings: string): string =>
  `${LOOKUP}\nroutes: [{ path: /**, ${UPSTREAM}, ${settings} }]`

describe('a token look-up API', () => {
  test('is chosen by the type of the verifier, with its secret read and its defaults filled in', async () => {
    const config = await load(`${LOOKUP}\n${ROUTES}`)
    expect(config.verifier).toEqual({
      type: 'token-lookup',
      url: 'https://c.example.org',
      apiToken: API_TOKEN,
      ca: undefined,
      connectTimeoutMs: 1_000,
      totalTimeoutMs: 2_500,
      allowInsecureHttp: false,
    })
    expect(config.routes[0]?.scopes).toEqual(['settings.read'])
    expect(verifierChoiceOf(config.verifier)).toMatchObject({
      tokenLookup: { url: 'https://c.example.org', apiToken: API_TOKEN },
    })
    expect(insecureSettingsOf(config)).toEqual([])
  })

  test('can be chosen by environment variables alone', async () => {
    const env = {
      ONEGATE_VERIFIER_TYPE: 'token-lookup',
      ONEGATE_VERIFIER_URL: 'http://c.example.org',
      ONEGATE_VERIFIER_API_TOKEN_FILE: join(await directoryWith({ secret: API_TOKEN }), 'secret'),
      ONEGATE_VERIFIER_TOTAL_TIMEOUT_MS: '900',
      ONEGATE_VERIFIER_ALLOW_INSECURE_HTTP: 'true',
      ONEGATE_UPSTREAM: 'http://127.0.0.1:3000',
    }
    const config = await loadConfig({ env })
    expect(config.verifier).toMatchObject({ url: 'http://c.example.org', totalTimeoutMs: 900 })
    expect(insecureSettingsOf(config)).toEqual(['verifier.allowInsecureHttp'])
  })

  test('needs to be found and to be called with something', async () => {
    expect(await problemsOf(`verifier: { type: token-lookup }\n${ROUTES}`)).toEqual([
      'verifier.url: is missing; set it in a configuration file, or by ONEGATE_VERIFIER_URL',
      'verifier.apiTokenFile: is missing; set it in a configuration file, or by ONEGATE_VERIFIER_API_TOKEN_FILE',
    ])
  })

  test.each([
    [
      LOOKUP.replace('token-lookup', 'token-lokup'),
      /^verifier\.type: .*did you mean "token-lookup"/,
    ],
    [
      LOOKUP.replace('apiTokenFile', 'apiToken'),
      /^verifier\.apiToken: .*did you mean "apiTokenFile"/,
    ],
    [LOOKUP.replace('secret', 'short'), /^verifier\.apiTokenFile: names a file whose content/],
    [
      LOOKUP.replace('secret', 'nowhere'),
      /^verifier\.apiTokenFile: names a file that does not exist/,
    ],
    [LOOKUP.replace('https', 'http'), /^verifier\.url: sends every token in the clear/],
    [LOOKUP.replace('.org', '.org/api'), /^verifier\.url: must end after host and port/],
    [
      `${LOOKUP}\nonezone: { url: "https://o.example" }`,
      /^onezone: has no meaning with "verifier.type/,
    ],
    [
      `${LOOKUP}\nverdicts: { maxStalenessMs: 2000 }`,
      /is less than verifier\.totalTimeoutMs \(2500\)/,
    ],
  ])('is refused where it is written as %s', async (text, problem) => {
    const problems = await problemsOf(`${text}\n${ROUTES}`)
    expect(problems).toContainEqual(expect.stringMatching(problem))
  })

  test.each([
    ['token: identity', /^routes\[0\]\.token: must be access or none/],
    ['token: invite', /^routes\[0\]\.token: must be access or none/],
    [
      'caveats: { api: delegate }',
      /^routes\[0\]\.caveats: has no meaning where tokens are looked up/,
    ],
    ['interface: rest', /^routes\[0\]\.interface: has no meaning where tokens are looked up/],
    ['subjects: { types: [oneprovider] }', /^routes\[0\]\.subjects: admits oneproviders/],
    ['scopes: []', /^routes\[0\]\.scopes: is empty/],
    ['scopes: [a b]', /^routes\[0\]\.scopes\[0\]: must be 1 to 128 printable/],
    ['scope: [a]', /^routes\[0\]\.scope: .*did you mean "scopes"/],
    ['token: none, scopes: [a]', /^routes\[0\]\.scopes: has no meaning on a public route/],
  ])('has no route with %s', async (settings, problem) => {
    const problems = await problemsOf(lookupRoute(settings))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(problem)
  })
})

describe('Onezone', () => {
  const ONEZONE = 'onezone: { url: "https://o.example" }'

  test('is who is asked where nothing else is said, and where it is', async () => {
    const plain = ROUTES.replace(', scopes: [settings.read]', '')
    const [unsaid, said] = await Promise.all([
      load(`${ONEZONE}\n${plain}`),
      load(`verifier: { type: onezone }\n${ONEZONE}\n${plain}`),
    ])
    expect(unsaid.verifier).toEqual(said.verifier)
    expect(unsaid.verifier).toMatchObject({ type: 'onezone', url: 'https://o.example' })
    expect(verifierChoiceOf(unsaid.verifier)).toMatchObject({ watch: undefined })
    const watched = await load(
      `onezone: { url: "https://o.example", watchTokenFile: watch }\n${plain}`,
    )
    expect(verifierChoiceOf(watched.verifier)).toMatchObject({
      watch: { token: mint(), intervalMs: 2_000 },
    })
  })

  test('states no scopes, so no route can demand any', async () => {
    expect(await problemsOf(`${ONEZONE}\n${ROUTES}`)).toEqual([
      'routes[0].scopes: need a verifier that states the scopes of a token, which Onezone does not',
    ])
  })

  test('is not asked as a look-up API is', async () => {
    const text = `verifier: { url: "https://o.example" }\n${ONEZONE}\nupstream: "http://127.0.0.1:1"`
    expect(await problemsOf(text)).toEqual([
      'verifier.url: is only for "verifier.type: token-lookup"; how Onezone is asked stands under "onezone"',
    ])
  })
})

describe('identity providers', () => {
  const configured = (providers: string, route = 'identityProviderTokens: true', more = '') =>
    `onezone: { url: "https://o.example.org"${providers} }\n${more}routes: [{ path: /**, ${UPSTREAM}, ${route} }]`

  test('are read with their defaults, and `any` is unsafe', async () => {
    const config = await load(configured(', identityProviders: [{ prefix: "egi:", any: true }]'))
    expect(verifierChoiceOf(config.verifier).identityProviders).toEqual([
      { prefix: 'egi:', any: true, bare: false, exchangeMs: 300_000 },
    ])
    expect(insecureSettingsOf(config)).toEqual(['onezone.identityProviders.any'])
  })

  const EGI = ', identityProviders: [{ prefix: "egi:", clients: [a] }]'
  test.each([
    [
      'no clients',
      ', identityProviders: [{ prefix: "egi:" }]',
      undefined,
      /\[0\]\.clients: must name/,
    ],
    [
      'no prefix',
      ', identityProviders: [{ clients: [a] }]',
      undefined,
      /\[0\]\.prefix: is missing/,
    ],
    [
      'a bad prefix',
      ', identityProviders: [{ prefix: egi, clients: [a] }]',
      undefined,
      /must be up to 63/,
    ],
    ['none', '', undefined, /identityProviderTokens: needs onezone\.identityProviders/],
    [
      'a forwarded token',
      EGI,
      'identityProviderTokens: true, forwardToken: true',
      /never forwarded/,
    ],
    ['another kind', EGI, 'identityProviderTokens: true, token: identity', /"token: access" only/],
    [
      'a public route',
      EGI,
      'identityProviderTokens: true, token: none',
      /has no meaning on a public/,
    ],
  ])('are refused with %s', async (_, providers, route, problem) => {
    const problems = await problemsOf(configured(providers, route))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(problem)
  })
})

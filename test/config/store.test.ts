import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { insecureSettingsOf, loadConfig, shownConfig } from '../../src/config/index.ts'
import { inOneGo } from '../../src/slices.ts'
import { withDigestedSecrets } from '../../src/config/digested-secrets.ts'
import { ConfigError } from '../../src/errors.ts'
import { temporaryDirectory } from '../helpers/programs.ts'

const SECRET = 'canary-secret-0123456789-0123456789'
const OTHER = 'canary-other-0123456789-0123456789!'
const FILES = {
  secret: `${SECRET}\n`,
  two: `${SECRET}\n${OTHER}\n`,
  three: `${SECRET}\n${OTHER}\n${SECRET}\n`,
  short: 'short\n',
  user: 'onegate\n',
  password: 'canary-password\n',
}

async function load(store: string, more = 'onezone: { url: https://onezone.example.org }') {
  const directory = temporaryDirectory('store-config')
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(directory, name), text)
  const file = join(directory, 'gateway.yaml')
  writeFileSync(file, `${more}\nupstream: http://127.0.0.1:3000\nstore: ${store}\n`)
  return loadConfig({ file })
}

async function problemsOf(store: string, more?: string): Promise<string[]> {
  try {
    await load(store, more)
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.problems.map(({ path, message }) => `${path}: ${message}`)
    }
    throw error
  }
  return []
}

test('a store is read with all that its files hold', async () => {
  const { store } = await load(
    '{ url: rediss://store.example.org, secretFile: two, usernameFile: user, passwordFile: password }',
  )
  expect(store).toEqual({
    url: 'rediss://store.example.org',
    sentinelName: 'mymaster',
    secret: [SECRET, OTHER],
    username: 'onegate',
    password: 'canary-password',
    prefix: 'og:1:',
    deadlineMs: 30,
    allowInsecureStore: false,
  })
})

test('nothing secret of it is shown, and workers hear nothing of it', async () => {
  const config = await load(
    '{ url: rediss://store.example.org, secretFile: two, passwordFile: password }',
  )
  expect(JSON.stringify(inOneGo(shownConfig(config)))).not.toMatch('canary')
  expect(JSON.stringify(withDigestedSecrets(config))).not.toMatch(/canary|store/)
})

describe('is refused:', () => {
  test.each([
    ['no place', '{ secretFile: secret }', /^store\.url: is missing/],
    [
      'two places',
      '{ url: redis://localhost, cluster: [redis://localhost], secretFile: secret }',
      /^store\.cluster: is given beside "store\.url"/,
    ],
    ['no nodes', '{ cluster: [], secretFile: secret }', /^store\.cluster: is empty/],
    ['no secret', '{ url: redis://localhost }', /^store\.secretFile: is missing: without a secret/],
    ['a short secret', '{ url: redis://localhost, secretFile: short }', /shorter than 32/],
    ['three secrets', '{ url: redis://localhost, secretFile: three }', /one secret, or two/],
    [
      'no TLS off this machine',
      '{ url: redis://store.example.org, secretFile: secret, passwordFile: password }',
      /^store\.url: is reached without TLS.*rediss:\/\//,
    ],
    [
      'no password off this machine',
      '{ url: rediss://store.example.org, secretFile: secret }',
      /^store\.url: asks for no password/,
    ],
    [
      'one Sentinel of several without TLS',
      '{ sentinels: [rediss://a.example.org, redis://b.example.org], secretFile: secret, passwordFile: password }',
      /^store\.sentinels: is reached without TLS/,
    ],
    [
      'a password in the URL',
      '{ url: "redis://user:canary@localhost", secretFile: secret }',
      /^store\.url: must not hold a user or a password/,
    ],
    ['another protocol', '{ url: http://localhost, secretFile: secret }', /must be a URL/],
    [
      'a prefix with braces',
      '{ url: redis://localhost, secretFile: secret, prefix: "{a}" }',
      /must be 1 to 32/,
    ],
    [
      'a user without a password',
      '{ url: redis://localhost, secretFile: secret, usernameFile: user }',
      /^store\.usernameFile: needs/,
    ],
  ])('%s', async (_, store, problem) => {
    const problems = await problemsOf(store)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(problem)
    expect(problems[0]).not.toMatch('canary')
  })

  test('a store beside a look-up API', async () => {
    const problems = await problemsOf(
      '{ url: redis://localhost, secretFile: secret }',
      'verifier: { type: token-lookup, url: https://cluster.example.org, apiTokenFile: secret }',
    )
    expect(problems).toEqual([expect.stringMatching(/^store: is only for Onezone/)])
  })
})

test('what is allowed off this machine all the same is an insecure setting', async () => {
  const config = await load(
    '{ url: redis://store.example.org, secretFile: secret, allowInsecureStore: true }',
  )
  expect(insecureSettingsOf(config)).toEqual(['store.allowInsecureStore'])
})

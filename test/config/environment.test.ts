import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

import { ENVIRONMENT_VARIABLES, loadConfig } from '../../src/config/index.ts'
import { HTTP_CLIENT_DEFAULTS } from '../../src/http-client/index.ts'
import { VERDICT_DEFAULTS, WATCH_DEFAULTS } from '../../src/verification/index.ts'
import { directoryWith } from './config-directory.ts'

const flags = { onezoneUrl: 'https://onezone.example.org', upstream: 'http://127.0.0.1:3000' }

test('a setting in a group of a group has a variable', async () => {
  const config = await loadConfig({
    flags,
    env: { ONEGATE_VERDICTS_BUDGET_PER_ADDRESS_PER_SECOND: '7' },
  })
  expect(config.verdicts.budget).toEqual({ perAddressPerSecond: 7, perSubjectPerSecond: 100 })
})

test('what is wrong with it is told by its name', async () => {
  const env = { ONEGATE_VERDICTS_BUDGET_PER_ADDRESS_PER_SECOND: 'many' }
  await expect(loadConfig({ flags, env })).rejects.toMatchObject({
    problems: [
      {
        source: 'ONEGATE_VERDICTS_BUDGET_PER_ADDRESS_PER_SECOND',
        path: 'verdicts.budget.perAddressPerSecond',
      },
    ],
  })
})

test('routes have none, and each other setting has one', () => {
  expect(ENVIRONMENT_VARIABLES.filter((name) => name.includes('ROUTES'))).toEqual([])
  expect(new Set(ENVIRONMENT_VARIABLES).size).toBe(ENVIRONMENT_VARIABLES.length)
  expect(ENVIRONMENT_VARIABLES).toEqual(
    expect.arrayContaining([
      'ONEGATE_LISTEN',
      'ONEGATE_ADMIN_TOKEN_FILE',
      'ONEGATE_TRUSTED_PROXIES',
      'ONEGATE_UPSTREAM',
      'ONEGATE_ONEZONE_SERVICE_TOKEN_FILE',
      'ONEGATE_VERDICTS_BUDGET_PER_SUBJECT_PER_SECOND',
      'ONEGATE_SHUTDOWN_DRAIN_MS',
    ]),
  )
})

test.each([
  ['verification/verdict-options.ts', VERDICT_DEFAULTS],
  ['verification/verification-budget.ts', VERDICT_DEFAULTS.budget],
  ['verification/revocation-watch.ts', WATCH_DEFAULTS],
  ['http-client/client-options.ts', HTTP_CLIENT_DEFAULTS],
])('%s documents its defaults as they are', (file, defaults) => {
  const text = readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8')
  for (const [name, value] of Object.entries(defaults)) {
    if (typeof value !== 'number') continue
    const documented = new RegExp(`@default ([\\d_]+)[^@]*?\\b${name}\\?: number`).exec(text)?.[1]
    expect(Number(documented?.replaceAll('_', '')), name).toBe(value)
  }
})

test('white space around a value does not count, and quotes around it are told', async () => {
  const config = await loadConfig({ flags, env: { ONEGATE_REALM: ' here\n' } })
  expect(config.realm).toBe('here')
  for (const quoted of ['"here"', "'here'\n"]) {
    await expect(loadConfig({ flags, env: { ONEGATE_REALM: quoted } })).rejects.toThrow(
      /^ONEGATE_REALM: has quotes around its value, which are part of it; remove them$/,
    )
  }
})

test('groups of a file can be merged into others', async () => {
  const directory = await directoryWith({
    'c.yaml': `
onezone: { url: 'https://o.example' }
routes:
  - &base { path: /a, upstream: http://127.0.0.1:3000, token: identity }
  - { <<: *base, path: /b, optional: true }
`,
  })
  const { routes } = await loadConfig({ file: `${directory}/c.yaml` })
  expect(routes[1]).toMatchObject({ path: '/b', token: 'identity', optional: true })
})

import { describe, expect, test } from 'vitest'

import { loadConfig, originsOf } from '../../src/config/index.ts'
import { directoryWith } from './config-directory.ts'

const FILE = `listen: 127.0.0.1:0
adminTokenFile: admin.token
adminPage: true
onezone:
  url: https://onezone.example.org
trustedProxies:
  - 10.0.0.0/8
  - 192.0.2.1
credentials: [x-auth-token]
verdicts: { maxStalenessMs: 5000 }
routes:
  - path: /a/**
    upstream: http://127.0.0.1:3000
  - path: /b/**
    credentials: [bearer]
    upstream:
      urls: [http://127.0.0.1:3001, http://127.0.0.1:3002]
      retries: 0
  - path: /c/**
    upstream: [http://127.0.0.1:3003]
    upstreamHeaders:
      X-Key: { file: admin.token }
`

const ADMIN_TOKEN = 'an-admin-token-of-some-length'

describe('where settings were given', () => {
  test('is told by file and line, variable and flag, and by nothing for a default', async () => {
    const directory = await directoryWith({ 'gateway.yaml': FILE, 'admin.token': ADMIN_TOKEN })
    const file = `${directory}/gateway.yaml`
    const config = await loadConfig({
      file,
      env: { ONEGATE_VERDICTS_NEGATIVE_TTL_MS: '1000', https_proxy: 'http://proxy.example:3128' },
      flags: { logLevel: 'warn' },
    })
    expect(originsOf(config)).toEqual({
      listen: `${file}:1`,
      // The content of a file: where its name stands.
      adminToken: `${file}:2`,
      'adminPage.shown': `${file}:3`,
      'verifier.url': `${file}:5`,
      'verifier.proxy': 'https_proxy',
      'trustedProxies[0]': `${file}:7`,
      'trustedProxies[1]': `${file}:8`,
      'verdicts.maxStalenessMs': `${file}:10`,
      'verdicts.negativeTtlMs': 'ONEGATE_VERDICTS_NEGATIVE_TTL_MS',
      'log.level': '--log-level',
      'routes[0].path': `${file}:12`,
      // What all routes have that do not say it themselves.
      'routes[0].credentials[0]': `${file}:9`,
      'routes[0].upstream.urls': `${file}:13`,
      'routes[1].path': `${file}:14`,
      'routes[1].credentials[0]': `${file}:15`,
      'routes[1].upstream.urls[0]': `${file}:17`,
      'routes[1].upstream.urls[1]': `${file}:17`,
      'routes[1].upstream.retries': `${file}:18`,
      'routes[2].path': `${file}:19`,
      'routes[2].credentials[0]': `${file}:9`,
      'routes[2].upstream.urls[0]': `${file}:20`,
      'routes[2].upstreamHeaders.X-Key': `${file}:22`,
    })
  })

  test('is the flag where a file and a variable say it, too', async () => {
    const directory = await directoryWith({ 'gateway.yaml': FILE, 'admin.token': ADMIN_TOKEN })
    const config = await loadConfig({
      file: `${directory}/gateway.yaml`,
      env: { ONEGATE_LISTEN: '127.0.0.1:1' },
      flags: { listen: '127.0.0.1:2' },
    })
    expect(originsOf(config)).toMatchObject({ listen: '--listen' })
  })

  test('is told of the one route that flags make', async () => {
    const config = await loadConfig({
      flags: { onezoneUrl: 'https://onezone.example.org', upstream: 'http://127.0.0.1:3000' },
    })
    expect(originsOf(config)).toEqual({
      'verifier.url': '--onezone-url',
      'routes[0].upstream.urls': '--upstream',
    })
  })

  test('is not told of a configuration that a program has changed', async () => {
    const config = await loadConfig({
      flags: { onezoneUrl: 'https://onezone.example.org', upstream: 'http://127.0.0.1:3000' },
    })
    expect(originsOf({ ...config, workers: 2 })).toBe(null)
  })
})

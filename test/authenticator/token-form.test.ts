import { expect, test } from 'vitest'

import { tokenFormUrl } from '../../src/authenticator/index.ts'
import { createAuthenticator } from '../../src/authenticator/index.ts'
import { refuse } from '../../src/verifier/index.ts'
import { mint } from '../helpers/tokens.ts'

const GUI = 'https://onezone.example.org'

const verifier = {
  verify: () => ({ verdict: refuse('token_expired', 0), source: 'onezone' }) as const,
  close: () => Promise.resolve(),
}

function answerTo(fields: string[], guiUrl: string | null = GUI) {
  const route = createAuthenticator({ verifier, guiUrl }).route({ id: 'r', token: 'access' })
  const decision = route.authenticate({ rawHeaders: fields, remoteAddress: '::1', secure: false })
  if (decision instanceof Promise || decision.outcome === 'granted') throw new Error('granted')
  return decision.answer
}

test('the link opens the form that the GUI reads by its own rules', () => {
  const caveats = [{ type: 'interface', interface: 'rest' }] as const
  const link = tokenFormUrl(`${GUI}/`, { kind: 'access', caveats })
  expect(link).toBe(
    'https://onezone.example.org/ozw/onezone/i#/onedata/tokens/new?options=activeSlide.form..tokenTemplate.eyJ0eXBlIjp7ImFjY2Vzc1Rva2VuIjp7fX0sImNhdmVhdHMiOlt7InR5cGUiOiJpbnRlcmZhY2UiLCJpbnRlcmZhY2UiOiJyZXN0In1dfQ%3D%3D',
  )
  // As gui-common parts options, and onezone-gui reads a template.
  const [, query = ''] = (link ?? '').split('?')
  const options = new Map(
    decodeURIComponent(query.slice('options='.length))
      .split(/\.\.+/)
      .map((each) => [each.slice(0, each.indexOf('.')), each.slice(each.indexOf('.') + 1)]),
  )
  expect(options.get('activeSlide')).toBe('form')
  expect(JSON.parse(atob(options.get('tokenTemplate') ?? ''))).toEqual({
    type: { accessToken: {} },
    caveats,
  })
})

test('no form makes an invitation for a route', () => {
  expect(tokenFormUrl(GUI, { kind: 'invite', caveats: [] })).toBeNull()
})

test('a refusal that another token would cure carries it, and nothing of the request', () => {
  const plain = answerTo([])
  expect(plain.code).toBe('credentials_missing')
  expect(JSON.parse(plain.body)).toMatchObject({
    tokenForm: tokenFormUrl(GUI, {
      kind: 'access',
      caveats: [{ type: 'interface', interface: 'rest' }],
    }),
  })
  expect(plain.body.length).toBeLessThan(1024)
  expect(answerTo(['X-Evil', '<script>', 'Referer', 'https://evil']).body).toBe(plain.body)
  expect(JSON.parse(answerTo(['X-Auth-Token', mint()]).body)).toHaveProperty('tokenForm')
})

test('others do not, and none does without a GUI', () => {
  expect(JSON.parse(answerTo(['X-Auth-Token', 'garbage']).body)).not.toHaveProperty('tokenForm')
  expect(JSON.parse(answerTo([], null).body)).not.toHaveProperty('tokenForm')
})

test.each(['text/html', 'text/html,application/xhtml+xml,*/*;q=0.8', ' application/xhtml+xml;q=1'])(
  'a client that names HTML first gets a page: %j',
  (accept) => {
    const { body, isPage } = answerTo(['Accept', accept])
    expect(isPage).toBe(true)
    expect(body).toContain('<h1>A token is needed</h1>')
    expect(body).toContain('options=activeSlide.form..tokenTemplate.')
    expect(body).not.toMatch(/<script|onerror|javascript:/)
  },
)

test.each(['application/json', '*/*', 'application/json, text/html', ''])(
  'any other gets the document: %j',
  (accept) => {
    expect(answerTo(['Accept', accept]).isPage).toBe(false)
  },
)

import { describe, expect, onTestFinished, test } from 'vitest'

import { opaqueToken } from '../../src/token/index.ts'
import type { BackendChoice } from '../../src/verifier/index.ts'
import { isAccepted } from '../../src/verifier/index.ts'
import { createVerification } from '../../src/verification/index.ts'
import { question } from '../verification/gate-rig.ts'
import { createFakeClock } from '../helpers/fake-clock.ts'
import { startHttpServer } from '../helpers/http-server.ts'
import { startTokenLookup } from '../helpers/token-lookup.ts'

// A 404 of an ingress whose back end is gone refused every token: nobody had said no.

type Page = readonly [status: number, type: string, body: string]

function verificationOf(choice: BackendChoice) {
  const clock = createFakeClock()
  const verification = createVerification({
    ...choice,
    clock,
    verdicts: { negativeTtlMs: 0, staleIfErrorMs: 60_000 },
  })
  onTestFinished(() => verification.close())
  const ask = async (text: string) => {
    const { verdict, source } = await verification.verifier.verify({
      ...question(),
      token: opaqueToken(text),
    })
    return isAccepted(verdict) ? [verdict.outcome, source] : [verdict.reason, source]
  }
  return { ask, clock }
}

/** A look-up API that knows every token, until a page stands in front of it. */
async function setUp() {
  const record = JSON.stringify({ id: 'tok', userId: 'alice' })
  let page: Page = [200, 'application/json', record]
  const { url } = await startHttpServer((_request, response) => {
    const [status, type, body] = page
    response.writeHead(status, { 'Content-Type': type }).end(body)
  })
  const show = (next: Page): void => void (page = next)
  return { ...verificationOf({ tokenLookup: { url, apiToken: 'own-secret' } }), show }
}

const envelope = (code: unknown): string => JSON.stringify({ error: { code, message: 'no' } })
const JSON_TYPE = 'application/json; charset=utf-8'

const PAGES: readonly Page[] = [
  [404, 'text/html', '<html>default backend - 404</html>'],
  [404, 'text/plain', ''],
  [404, JSON_TYPE, '{}'],
  [404, JSON_TYPE, '{"error":"not found"}'],
  [404, JSON_TYPE, envelope(400)],
  [404, JSON_TYPE, envelope('404')],
  [400, 'text/html', '<html>bad request</html>'],
  [410, 'text/html', '<html>gone</html>'],
  [413, 'text/html', '<html>too large</html>'],
  [451, JSON_TYPE, '[]'],
  ...[405, 407, 408, 415, 421, 425, 426, 429, 431].map((status): Page => [
    status,
    JSON_TYPE,
    envelope(status),
  ]),
]

describe.each(PAGES)('%i as %s: %s', (...page) => {
  test('refuses no token, since nobody has said no', async () => {
    const { ask, show } = await setUp()
    show(page)
    await expect(ask('stranger')).rejects.toMatchObject({ code: 'ERR_VERIFIER_UNAVAILABLE' })
  })

  test('lets a known token pass as in any outage', async () => {
    const { ask, show, clock } = await setUp()
    expect(await ask('known')).toEqual(['accepted', 'token-lookup'])
    show(page)
    clock.advance(15_000)
    expect(await ask('known')).toEqual(['accepted', 'stale'])
  })
})

test.each([400, 404, 410, 422])('%i of the API itself is a no', async (status) => {
  const { ask, show, clock } = await setUp()
  await ask('known')
  show([status, JSON_TYPE, envelope(status)])
  clock.advance(15_000)
  expect((await ask('known'))[0]).toBe('token_invalid')
  expect((await ask('stranger'))[0]).toBe('token_invalid')
})

test.each([401, 403])('%i is about our own credential, whatever comes with it', async (status) => {
  const { ask, show } = await setUp()
  for (const body of [envelope(status), '<html>no</html>', '']) {
    show([status, 'text/html', body])
    await expect(ask('known')).rejects.toMatchObject({ code: 'ERR_GATEWAY_MISCONFIGURED' })
  }
})

test('the stand-in says no as documented', async () => {
  const { url, apiToken } = await startTokenLookup()
  const lookUp = async (body: string) => {
    const headers = { authorization: `Api-Token ${apiToken}`, 'content-type': JSON_TYPE }
    const path = `${url}/api/cluster/v2/tokens/lookup`
    const response = await fetch(path, { method: 'POST', headers, body })
    return [response.status, await response.json()]
  }
  const error = (code: number) => [code, { error: expect.objectContaining({ code }) as object }]
  expect(await lookUp('{"token":"unknown"}')).toEqual(error(404))
  expect(await lookUp('{"token":7}')).toEqual(error(400))
  expect(await lookUp('rubbish')).toEqual(error(400))
  const { ask } = verificationOf({ tokenLookup: { url, apiToken } })
  expect(await ask('unknown')).toEqual(['token_invalid', 'token-lookup'])
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DevOnezone } from '../../src/dev-onezone/index.ts'
import { createDevOnezone } from '../../src/dev-onezone/index.ts'
import { createHttpClient } from './http-client.ts'
import {
  VERIFICATION_CASES,
  VERIFICATION_WORLD,
  withoutDescriptions,
} from './verification-vectors.ts'

describe(`replay of the ${VERIFICATION_CASES.length} verification cases over HTTP`, () => {
  let onezone: DevOnezone
  let client: ReturnType<typeof createHttpClient>
  let agreed = 0

  beforeAll(async () => {
    // Creating tokens and asking for them needs no authorisation in these vectors (vectors/README.md).
    onezone = await createDevOnezone({ world: VERIFICATION_WORLD, permissions: false })
    client = createHttpClient(onezone.url)
  })

  afterAll(async () => {
    client.close()
    await onezone.close()
    process.stdout.write(`${agreed} verification cases agree with the vectors\n`)
  })

  test('these are 409 verification cases', () => {
    expect(VERIFICATION_CASES).toHaveLength(409)
  })

  test.each(VERIFICATION_CASES)('$name', async (given) => {
    const { method, endpoint, clock, headers = {}, body, rawBody } = given
    onezone.setClock(clock)
    const sent = rawBody === undefined ? { body } : { rawBody }
    const answer = await client.send(endpoint, { method, headers, ...sent })

    expect(answer.headers['access-control-allow-origin']).toBe('*')
    if (given.internalError) {
      expect(answer.status).toBeGreaterThanOrEqual(400)
    } else {
      expect(withoutDescriptions(answer.json)).toEqual(withoutDescriptions(given.response))
      expect(answer.status).toBe(given.status)
    }
    agreed += 1
  })
})

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DevOnezone, World } from '../../src/dev-onezone/index.ts'
import { createDevOnezone } from '../../src/dev-onezone/index.ts'
import { createHttpClient } from './http-client.ts'
import { withoutDescriptions } from './verification-vectors.ts'

interface Difference {
  id: string
  kind: string
  title: string
  cases: DifferenceCase[]
}

interface DifferenceCase {
  name: string
  request: {
    method: string
    path: string
    headers?: Record<string, string>
    rawBody?: string
    rawBodyStart?: string
  }
  reference: { status: number; response: unknown; responseText?: string }
}

const url = new URL('../vectors/differences.json', import.meta.url)
const { clock, world, differences } = JSON.parse(readFileSync(url, 'utf8')) as {
  clock: number
  world: World
  differences: Difference[]
}
const CASES = differences.flatMap(({ id, title, cases }) =>
  cases.map((given) => ({ id, title, ...given })),
)

/** Where we answer otherwise on purpose: what, and why. */
const EXCEPTIONS: Record<string, { reason: string; status: number; error: string }> = {
  D23: {
    reason: 'an entry with the separator would silently become two entries',
    status: 400,
    error: 'badValueCaveat',
  },
  'D27 verify temporary nobody': {
    reason: 'the original crashes; here such a token is refused as any other that was never issued',
    status: 400,
    error: 'tokenInvalid',
  },
  'D27 confine named grp': {
    reason: 'the original crashes; here the subject is refused as any other that does not exist',
    status: 400,
    error: 'tokenSubjectInvalid',
  },
}

/** The bodies that the vectors tell in words. */
const LONG_BODIES: Record<string, (start: string) => string> = {
  D28: (start) => {
    const caveat = { type: 'consumer', whitelist: [`usr-${'x'.repeat(60_000)}`] }
    const { token } = JSON.parse(`${start.slice(0, start.indexOf(',"caveats"'))}}`) as {
      token: string
    }
    return JSON.stringify({ token, caveats: Array.from({ length: 14 }, () => caveat) })
  },
  D29: () => JSON.stringify({ token: 'x', y: 'x'.repeat(7_900_000) }),
}

describe(`replay of the ${differences.length} kinds of differences that the reference showed`, () => {
  let onezone: DevOnezone
  let client: ReturnType<typeof createHttpClient>
  let agreed = 0

  beforeAll(async () => {
    onezone = await createDevOnezone({ world })
    onezone.setClock(clock)
    client = createHttpClient(onezone.url)
  })

  afterAll(async () => {
    client.close()
    await onezone.close()
    process.stdout.write(`${agreed} of ${CASES.length} cases agree with the reference\n`)
  })

  test('these are 38 kinds', () => {
    expect(differences).toHaveLength(38)
  })

  test.each(CASES)('$id $name: $title', async ({ id, name, request, reference }) => {
    const { method, path, headers = {}, rawBodyStart = '' } = request
    const rawBody = request.rawBody ?? LONG_BODIES[id]?.(rawBodyStart)
    // DELETE and GET carry a body only where the vectors say so
    const sent = rawBody === undefined || rawBody === '' ? {} : { rawBody }
    const withType = { ...headers, 'content-type': headers['content-type'] ?? null }
    const answer = await client.send(path, { method, headers: withType, ...sent })

    const exception = EXCEPTIONS[`${id} ${name}`] ?? EXCEPTIONS[id]
    if (exception !== undefined) {
      const { status, error } = exception
      expect({ status: answer.status, json: answer.json }).toMatchObject({
        status,
        json: { error: { id: error } },
      })
      return
    }
    expect(answer.status).toBe(reference.status)
    const expected = reference.responseText ?? reference.response
    if (typeof expected === 'string' && expected.endsWith('...')) {
      expect(answer.text.startsWith(expected.slice(0, -3))).toBe(true)
    } else {
      expect(exactly(answer.text)).toEqual(exactly(expected))
    }
    agreed += 1
  })
})

/** JSON with all the digits of its long numbers, and without descriptions, which may be worded otherwise. */
function exactly(json: unknown): unknown {
  const text = typeof json === 'string' ? json : JSON.stringify(json)
  if (text === '') return null
  const digits = text.replace(/(?<=[:[,])-?[0-9]{16,}(?=[,\]}])/g, '"$&"')
  return withoutDescriptions(JSON.parse(digits))
}

import { strict as assert } from 'node:assert'

import { SMALL_ANSWER } from '../programs/small-answer.ts'

/** Whom the tokens of the bench speak for. */
export const ALICE = { type: 'user', id: 'alice' } as const

/** The header fields that carry a token, in the form that every contender understands. */
export function bearing(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` }
}

export async function assertSmallAnswer(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const response = await fetch(url, { headers })
  const body = await response.text()
  assert.equal(response.status, 200, `status of ${url}: ${body}`)
  assert.equal(response.headers.get('content-type'), 'application/json')
  assert.equal(body, SMALL_ANSWER, `answer of ${url}`)
}

/** An identity that a client claims for itself. */
export const FORGED: Readonly<Record<string, string>> = { 'X-Onedata-Subject-Id': 'mallory' }

/**
 * Asserts that whoever is at `url` guards the upstream: no token, garbage and a forged token do not get in, and behind
 * a good token the upstream learns who it is, not from the client, and does not get the token.
 */
export async function assertGuards(
  url: string,
  token: string,
  forged: Readonly<Record<string, string>> = FORGED,
): Promise<void> {
  const strangers = {
    'no token': {},
    garbage: bearing('garbage'),
    'a forged token': bearing(`${token.slice(0, -8)}00000000`),
  }
  for (const [what, headers] of Object.entries(strangers)) {
    const response = await fetch(`${url}/files/1`, { headers })
    assert.equal(response.status, 401, `${what} was answered ${response.status}`)
    assert.ok(!(await response.text()).includes(SMALL_ANSWER), `${what} got the answer`)
  }
  const seen = await echo(`${url}/echo`, { ...bearing(token), ...forged })
  assert.equal(seen['x-onedata-subject-id'], ALICE.id, 'the upstream does not know who it is')
  assert.ok(!JSON.stringify(seen).includes(token), 'the token reached the upstream')
}

/** The header fields that reach the upstream. */
export async function echo(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<Record<string, string | undefined>> {
  const response = await fetch(url, { headers })
  assert.equal(response.status, 200, `status of ${url}`)
  return (await response.json()) as Record<string, string | undefined>
}

/** How many requests come at once where it is counted how often Onezone is asked. */
const CROWD = 64

/** Sends so many requests with one token at once. */
export async function sendCrowd(url: string, token: string): Promise<void> {
  const crowd = Array.from({ length: CROWD }, () => assertSmallAnswer(url, bearing(token)))
  await Promise.all(crowd)
}

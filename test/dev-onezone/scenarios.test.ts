import { afterAll, describe, expect, test } from 'vitest'
import type { Received } from './http-client.ts'
import type { Scenario, ScenarioRequest, Variables } from './scenarios.ts'
import { blank, comparable, fillIn, SCENARIOS, valueAt, wildcards } from './scenarios.ts'
import { start } from './start.ts'

const COMPARED_HEADERS = ['location', 'allow', 'www-authenticate', 'content-type']

describe('replay of the scenarios over HTTP', () => {
  const replayed = { scenarios: 0, requests: 0, changes: 0 }
  afterAll(() => {
    const { scenarios, requests, changes } = replayed
    const counts = `${scenarios} scenarios, ${requests} requests, ${changes} changes of the world`
    process.stdout.write(`${counts} replayed\n`)
  })

  test.each(SCENARIOS)('$name', async (scenario) => {
    const { requests, changes } = await replay(scenario)
    replayed.scenarios += 1
    replayed.requests += requests
    replayed.changes += changes
  })

  test('these were 96 scenarios with 2118 requests and 33 changes of the world', () => {
    expect(replayed).toEqual({ scenarios: 96, requests: 2118, changes: 33 })
  })
})

async function replay({ world, steps }: Scenario): Promise<{ requests: number; changes: number }> {
  const { onezone, send } = await start({ world })
  const variables: Variables = new Map()
  let requests = 0
  let changes = 0
  for (const [index, step] of steps.entries()) {
    if ('world' in step) {
      onezone.patchWorld(step.world)
      changes += 1
      continue
    }
    onezone.setClock(step.clock)
    const sent = fillIn(step, variables) as ScenarioRequest
    const { auth, method, path, body, rawBody } = sent
    const received = await send(path, {
      method,
      headers: { ...sent.headers, ...(auth !== undefined && { 'X-Control-Auth': auth }) },
      ...(rawBody === undefined ? { body } : { rawBody }),
    })
    for (const [name, place] of Object.entries(step.save ?? {})) {
      variables.set(name, String(valueAt(received.json, place)))
    }
    expectRecorded(received, step, variables, `step ${index}: ${method} ${step.path}`)
    requests += 1
  }
  return { requests, changes }
}

function expectRecorded(
  received: Received,
  step: ScenarioRequest,
  variables: Variables,
  where: string,
): void {
  const recorded = fillIn(step, variables) as ScenarioRequest
  const { status, response, unordered = [], responseHeaders = {} } = recorded
  const expected = { status, body: response, headers: comparedHeaders(responseHeaders) }
  const actual = {
    status: received.status,
    body: received.json,
    headers: comparedHeaders(received.headers),
  }
  const inBody = unordered.map((path) => path.replace('$', '$.body'))
  expect(comparable(blank(actual, wildcards(expected)), inBody), where).toEqual(
    comparable(expected, inBody),
  )
  if (response === null) expect(received.text, where).toBe('')
}

/** By lower-case name; the order of methods in Allow is of no importance. */
function comparedHeaders(headers: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(headers)
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => COMPARED_HEADERS.includes(name))
      .map(([name, value]) =>
        name === 'allow' ? [name, String(value).split(', ').toSorted()] : [name, value],
      ),
  )
}

import { strict as assert } from 'node:assert'

import type { DevOnezone } from '../../src/dev-onezone/index.ts'
import type { KindResult, SoakTrafficInput } from '../programs/soak-traffic.ts'
import { LONG_TRAFFIC, SMALL_REQUESTS } from '../programs/traffic-kinds.ts'
import { assertSmallAnswer, bearing } from '../proxy/checks.ts'
import { underLoad } from '../proxy/rows.ts'
import type { Stage } from '../proxy/stage.ts'
import { openOnStage } from '../proxy/stage.ts'
import { runProgram } from '../run-program.ts'
import type { OpenSuite, Pace, Suite } from '../suite.ts'
import { createVitalSigns } from '../vital-signs.ts'

const USERS = 200

/** How long their tokens are good, in seconds: longer than any soak, which would end in refusals otherwise. */
const TOKEN_SECONDS = 7 * 24 * 3_600

/** How long the most that the gateway carries is looked for. */
const SEARCH_SECONDS = 5
const SEARCHES = 3

/** What of it is then sent as small requests; the other traffic comes on top. */
const PART = 0.5

/** How long something long takes that begins at the last moment, and then some. */
const GRACE_SECONDS = 60

const PACE: Pace = { seconds: 1_800, rounds: 1, warmUpSeconds: 0 }

/** What becomes of the gateway in the long run: all kinds of traffic at half of what is too much. */
export const soakSuite: Suite = {
  name: 'soak',
  about: 'all kinds of traffic at half of what is too much, for a long time',
  long: true,
  columns: [
    { key: 'done', title: 'done', digits: 0 },
    { key: 'failed', title: 'failed', digits: 0, goal: { atMost: 0 } },
  ],
  ratios: [],
  comparisons: [],
  ...PACE,
  quick: { ...PACE, seconds: 60 },
  open: (product) => openOnStage(product, openSoak),
}

async function openSoak(stage: Stage): Promise<Omit<OpenSuite, 'close'>> {
  const onezone = await stage.openOnezone()
  const { pid, ready, url, product } = await stage.startGateway(onezone)
  const tokens = createTokens(onezone)
  const signs = await createVitalSigns(ready['admin'] ?? '')
  const load = underLoad({ product, pid, url: `${url}/files/1`, headers: bearing(tokens[0] ?? '') })
  const notes: string[] = []
  const traffic = (perSecond: number, seconds: number): Promise<readonly KindResult[]> => {
    const input: SoakTrafficInput = { url, tokens, perSecond, seconds }
    const longestMs = (seconds + GRACE_SECONDS) * 1000
    return runProgram('soak-traffic', { product, input, longestMs })
  }

  async function run(seconds: number): Promise<readonly KindResult[]> {
    let most = 0
    // A process that has just begun carries less than it will.
    for (let times = 0; times < SEARCHES; times++) {
      const { requestsPerSecond } = await load.measure(SEARCH_SECONDS)
      most = Math.max(most, requestsPerSecond ?? 0)
    }
    const perSecond = Math.floor(most * PART)
    for (const token of tokens) await assertSmallAnswer(`${url}/files/1`, bearing(token))
    const running = traffic(perSecond, seconds)
    const [results, found] = await Promise.all([running, signs.during(running, seconds)])
    notes.push(
      `It carries ${most.toFixed(0)} small requests/s at most; ${perSecond * seconds} were meant to come in all, and ` +
        `beside them the other kinds, one after the other, with the tokens of ${USERS} users.`,
      ...found,
    )
    return results
  }

  let checked: Promise<void> | null = null
  const check = async (): Promise<void> => {
    const refused = await fetch(`${url}/files/1`)
    assert.equal(refused.status, 401, 'let in without a token')
    for (const each of await traffic(50, 1)) {
      assert.equal(each.failed, 0, `${each.name}: ${each.failure}`)
      assert.ok(each.done > 0, `${each.name}: there were none`)
    }
  }
  let results: Promise<readonly KindResult[]> | null = null
  return {
    scenarios: [SMALL_REQUESTS, ...LONG_TRAFFIC].map(({ name }) => ({
      name,
      check: () => (checked ??= check()),
      async measure(seconds) {
        const result = (await (results ??= run(seconds))).find((each) => each.name === name)
        assert.ok(result, `there was no traffic of the kind "${name}"`)
        const { done, failed, failure } = result
        if (failure !== null) notes.push(`${name}: the first failure ${failure}`)
        return { done, failed }
      },
    })),
    notes: () => notes,
  }
}

/** Users with a token each, known to Onezone. */
function createTokens(onezone: DevOnezone): string[] {
  return Array.from({ length: USERS }, (_, index) => {
    const id = `user${index}`
    onezone.createUser(id)
    return onezone.createTemporaryToken({
      subject: { type: 'user', id },
      validForSeconds: TOKEN_SECONDS,
    })
  })
}

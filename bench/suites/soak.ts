import { strict as assert } from 'node:assert'

import type { KindResult, SoakTrafficInput } from '../programs/soak-traffic.ts'
import { SMALL_REQUESTS, TRAFFIC_KINDS } from '../programs/traffic-kinds.ts'
import { assertSmallAnswer, bearing } from '../proxy/checks.ts'
import { underLoad } from '../proxy/rows.ts'
import type { Stage } from '../proxy/stage.ts'
import { openOnStage } from '../proxy/stage.ts'
import { runProgram } from '../run-program.ts'
import type { OpenSuite, Suite } from '../suite.ts'
import { SMALL_ANSWER } from '../targets/small-answer.ts'
import { createVitalSigns } from '../vital-signs.ts'

const USERS = 200

/** How long the most that the gateway carries is looked for. */
const SEARCH_SECONDS = 5
const SEARCHES = 3

/** What of it is then sent as small requests; the other traffic comes on top. */
const PART = 0.5

/** How long something long takes that begins at the last moment, and then some. */
const GRACE_SECONDS = 60

/** What becomes of the gateway in the long run: all kinds of traffic at half of what is too much. */
export function soakSuite(minutes: number): Suite {
  const pace = { seconds: minutes * 60, rounds: 1, warmUpSeconds: 0 }
  return {
    name: 'soak',
    about: `all kinds of traffic at half of what is too much, for ${minutes} minutes`,
    long: true,
    columns: [
      { key: 'done', title: 'done', digits: 0 },
      { key: 'failed', title: 'failed', digits: 0, goal: { exactly: 0 } },
    ],
    ratios: [],
    comparisons: [],
    ...pace,
    quick: { ...pace, seconds: 60 },
    open: (product) => openOnStage(product, openSoak, 'targets/soak-upstream.ts'),
  }
}

async function openSoak(stage: Stage): Promise<Omit<OpenSuite, 'close'>> {
  const { product } = stage
  const { pid, ready } = await stage.startGateway(stage.onezone)
  const { gateway = '', admin = '' } = ready
  const tokens = createTokens(stage)
  const signs = createVitalSigns(admin)
  const notes: string[] = []
  const traffic = (perSecond: number, seconds: number): Promise<readonly KindResult[]> => {
    const input: SoakTrafficInput = {
      url: gateway,
      tokens,
      perSecond,
      expectBody: SMALL_ANSWER,
      seconds,
    }
    const longestMs = (seconds + GRACE_SECONDS) * 1000
    return runProgram('soak-traffic', { product, input, longestMs })
  }

  const headers = bearing(tokens[0] ?? '')
  const load = underLoad({ product, pid, url: `${gateway}/files/1`, headers })

  async function mostItCarries(): Promise<number> {
    let most = 0
    // A process that has just begun carries less than it will.
    for (let times = 0; times < SEARCHES; times++) {
      const { requestsPerSecond } = await load.measure(SEARCH_SECONDS)
      most = Math.max(most, requestsPerSecond ?? 0)
    }
    return most
  }

  async function run(seconds: number): Promise<readonly KindResult[]> {
    const before = await signs.look()
    const most = await mostItCarries()
    const perSecond = Math.floor(most * PART)
    for (const token of tokens) await assertSmallAnswer(`${gateway}/files/1`, bearing(token))
    const during = signs.follow(seconds)
    const results = await traffic(perSecond, seconds).finally(() => during.stop())
    notes.push(
      `It carries ${most.toFixed(0)} small requests/s at most; ${perSecond} /s were meant to come, whether answers ` +
        `came or not, and beside them the other kinds, one after the other, with the tokens of ${USERS} users.`,
      ...(await during.notes(before)),
    )
    return results
  }

  let results: Promise<readonly KindResult[]> | null = null
  const names = [SMALL_REQUESTS, ...TRAFFIC_KINDS.map(({ name }) => name)]
  let checked = false
  return {
    scenarios: names.map((name) => ({
      name,
      async check() {
        if (checked) return
        checked = true
        const refused = await fetch(`${gateway}/files/1`)
        assert.equal(refused.status, 401, 'let in without a token')
        for (const each of await traffic(50, 1)) {
          assert.equal(each.failed, 0, `${each.name}: ${each.failure}`)
          assert.ok(each.done > 0, `${each.name}: there were none`)
        }
      },
      async measure(seconds) {
        const all = await (results ??= run(seconds))
        const {
          done = 0,
          failed = 0,
          failure = null,
        } = all.find((each) => each.name === name) ?? {}
        if (failure !== null) notes.push(`${name}: the first failure ${failure}`)
        return { done, failed }
      },
    })),
    notes: () => notes,
  }
}

/** Users with a token each, known to Onezone. */
function createTokens({ onezone }: Stage): string[] {
  return Array.from({ length: USERS }, (_, index) => {
    const id = `user${index}`
    onezone.createUser(id)
    return onezone.createTemporaryToken({ subject: { type: 'user', id } })
  })
}

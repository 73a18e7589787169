import { strict as assert } from 'node:assert'
import { setTimeout as sleep } from 'node:timers/promises'

import { measureLoad } from '../load/measure-load.ts'
import type { KindResult, SoakTrafficInput } from '../programs/soak-traffic.ts'
import { runProgram } from '../run-program.ts'
import type { Experiment } from '../study.ts'
import type { Measurement } from '../suite.ts'
import { SMALL_ANSWER } from '../targets/small-answer.ts'
import { createGoodUsers } from '../verdicts/good-users.ts'
import type { Rig } from '../verdicts/rig.ts'
import { openRig } from '../verdicts/rig.ts'
import { growthFindings, trafficFindings } from './findings.ts'
import type { VitalSigns } from './vital-signs.ts'
import { readVitalSigns, typical } from './vital-signs.ts'

const USERS = 200
const CONNECTIONS = 64

/** How long the most that the gateway carries is looked for. */
const SEARCH_SECONDS = 5
const SEARCHES = 3

/** What of it is then sent as small requests; the other traffic comes on top. */
const PART = 0.5

/** How long something long takes that begins at the last moment, and then some. */
const GRACE_SECONDS = 60

/** From the last answer until a look at what is left. */
const REST_MS = 5_000

/** Parts of the time, from and to, in which the gateway is looked at. What comes before is warming up. */
const WINDOWS = { start: [0.1, 0.25], middle: [0.45, 0.6], end: [0.85, 1] } as const

function windowsText(): string {
  return Object.entries(WINDOWS)
    .map(([name, [from, to]]) => `${name}, ${from * 100} to ${to * 100} %`)
    .join('; ')
}

/** All that is carried, for a long time. */
export function soak(product: string, minutes: number): Experiment {
  const seconds = minutes * 60
  let rig: Rig | null = null
  let tokens: readonly string[] = []

  const openedRig = (): Rig => {
    if (rig === null) throw new Error('the soak has not been checked')
    return rig
  }
  const traffic = (perSecond: number, duration: number): Promise<readonly KindResult[]> => {
    const input: SoakTrafficInput = {
      url: `${openedRig().url}/good`,
      tokens,
      perSecond,
      expectBody: SMALL_ANSWER,
      seconds: duration,
    }
    const longestMs = (duration + GRACE_SECONDS) * 1000
    return runProgram('soak-traffic', { product, input, longestMs })
  }
  /** Nobody is new when the soak begins: that is for `herd` and `flood`. */
  const everybodyOnce = async (): Promise<void> => {
    for (const token of tokens) {
      const headers = { 'X-Auth-Token': token }
      const { status } = await fetch(`${openedRig().url}/good/files/1`, { headers })
      assert.equal(status, 200, 'a good token')
    }
  }
  const look = async (): Promise<VitalSigns> => readVitalSigns(await openedRig().metrics())

  return {
    name: `${minutes} minutes of everything`,
    method:
      `A gateway process in front of the embedded Onezone, ${USERS} users with a token each. The most small requests that it ` +
      `carries over ${CONNECTIONS} connections are found out first; ${PART * 100} % of them then come evenly, whether answers ` +
      'come or not, and beside them uploads, downloads, event streams and WebSockets, one after the other. What the gateway says of ' +
      'itself is the median of looks in a part of the time: ' +
      `${windowsText()}. The delay of the event loop is Node's own measure, which rests at its resolution of 10 ms.`,
    async check() {
      rig = await openRig(product, {}, 'targets/soak-upstream.ts')
      tokens = createGoodUsers(rig, USERS).map(({ headers }) => headers['X-Auth-Token'] ?? '')
      const refused = await fetch(`${rig.url}/good/files/1`)
      assert.equal(refused.status, 401, 'let in without a token')
      for (const { name, failed, failure, done } of await traffic(50, 1)) {
        assert.equal(failed, 0, `${name}: ${failure}`)
        assert.ok(done > 0, `${name}: there were none`)
      }
    },
    async measure() {
      const { url, pid, metric } = openedRig()
      const before = await look()
      const search = (): Promise<Measurement> =>
        measureLoad({
          product,
          pid,
          url: `${url}/good/files/1`,
          headers: { 'X-Auth-Token': tokens[0] ?? '' },
          expectBody: SMALL_ANSWER,
          connections: CONNECTIONS,
          seconds: SEARCH_SECONDS,
          fresh: null,
        })
      let most = 0
      // A process that has just begun carries less than it will.
      for (let times = 0; times < SEARCHES; times++) {
        most = Math.max(most, (await search())['requestsPerSecond'] ?? 0)
      }
      const perSecond = Math.floor(most * PART)

      await everybodyOnce()
      const looks: { part: number; signs: VitalSigns }[] = []
      const begun = performance.now()
      let over = false
      // Often enough that each window has some, also in a short soak.
      const pauseMs = Math.min(10_000, seconds * 20)
      const keepLooking = async (): Promise<void> => {
        while (!over) {
          const part = (performance.now() - begun) / (seconds * 1000)
          looks.push({ part, signs: await look() })
          await sleep(pauseMs)
        }
      }
      const [results] = await Promise.all([
        traffic(perSecond, seconds).finally(() => (over = true)),
        keepLooking(),
      ])
      await sleep(REST_MS)
      const after = await look()

      const during = ([from, to]: readonly [number, number]): VitalSigns =>
        typical(looks.filter(({ part }) => part >= from && part <= to).map(({ signs }) => signs))
      return [
        { what: 'the most that it carries', value: most, unit: '/s', digits: 0 },
        ...results.flatMap((result) => trafficFindings(result, seconds, perSecond)),
        {
          what: 'calls to Onezone that got no answer',
          value: await metric('onegate_onezone_requests_total', { outcome: 'fault' }),
          unit: '',
          digits: 0,
        },
        ...growthFindings({
          before,
          start: during(WINDOWS.start),
          middle: during(WINDOWS.middle),
          end: during(WINDOWS.end),
          after,
        }),
      ]
    },
    async close() {
      await rig?.close()
      rig = null
    },
  }
}

import type { State } from '../state/state.ts'
import { chart, figure, meter } from './chart.ts'
import { el, fill, setText } from './dom.ts'
import { count, percent, rate, since, span } from './format.ts'

/** Samples of 15 minutes; a young gateway's chart is not left empty, but begins with two. */
const MOST_SLOTS = 180
const LEAST_SLOTS = 24
const CHART_HEIGHT = 150
const SPARK_HEIGHT = 40

/** Shows what was made of requests. */
export function showVerdicts(state: State): void {
  const { samples, verdicts, verifier } = state
  const slots = Math.min(MOST_SLOTS, Math.max(LEAST_SLOTS, samples.at.length))
  const spanMs = slots * samples.intervalMs
  const spark = (kind: string, values: readonly (number | null)[], label: string): SVGElement =>
    chart({ series: [{ kind, values }], stacked: false, slots, height: SPARK_HEIGHT, label })

  fill(
    'traffic',
    chart({
      series: [
        { kind: 'granted', values: samples.grantedPerSecond },
        { kind: 'refused', values: samples.refusedPerSecond },
        { kind: 'fault', values: samples.faultsPerSecond },
      ],
      stacked: true,
      slots,
      height: CHART_HEIGHT,
      label: 'Verdicts per second: granted, refused, faults',
    }),
  )
  const peak = Math.max(
    0,
    ...samples.grantedPerSecond.map(
      (granted, i) =>
        granted + (samples.refusedPerSecond[i] ?? 0) + (samples.faultsPerSecond[i] ?? 0),
    ),
  )
  setText('traffic-peak', `peak ${rate(peak)}/s`)
  setText('traffic-from', `${since(0, spanMs)} ago`)
  for (const outcome of ['granted', 'refused', 'fault'] as const) {
    setText(`total-${outcome}`, count(verdicts[outcome]))
  }
  showStaleness(state, slots)

  const last = (values: readonly (number | null)[]): number | null => values.at(-1) ?? null
  const asked = verifier.calls.ok + verifier.calls.refused + verifier.calls.fault
  const who = verifier.backend === 'onezone' ? 'Onezone' : 'the look-up API'
  fill(
    'figures',
    figure(
      'Requests',
      `${rate(last(samples.requestsPerSecond) ?? 0)}/s`,
      `${count(state.routes.reduce((sum, { requests }) => sum + requests, 0))} since the start`,
      spark('plain', samples.requestsPerSecond, 'Requests per second'),
    ),
    figure(
      'Answered in',
      span(last(samples.p50Ms)),
      `99 % within ${span(last(samples.p99Ms))}, upstream included`,
      spark('plain', samples.p99Ms, 'Time within which 99 % were answered'),
    ),
    figure(
      'Without a question',
      percent(last(samples.unasked)),
      `of verdicts; ${count(verdicts.known.grants)} tokens, ${count(verdicts.known.families)} families known`,
      spark('granted', samples.unasked, 'Part of verdicts without a question'),
    ),
    figure(
      `Questions to ${who}`,
      `${rate(last(samples.questionsPerSecond) ?? 0)}/s`,
      `${count(asked)} in all, 99 % within ${span(verifier.p99Ms)}`,
      spark('question', samples.questionsPerSecond, 'Questions per second'),
    ),
    figure(
      'Open streams',
      count(verdicts.openStreams),
      'WebSockets and event streams',
      spark('question', samples.openStreams, 'Open streams'),
    ),
  )
}

/** The promise, and how it is kept. */
function showStaleness({ verdicts, samples }: State, slots: number): void {
  const { greatestMs, boundMs } = verdicts.staleness
  const part = boundMs === 0 ? 0 : greatestMs / boundMs
  const kept = verdicts.violations === 0
  const health = kept && part <= 1 ? 'good' : 'bad'
  setText('staleness-greatest', span(greatestMs))
  setText('staleness-bound', `of ${span(boundMs)} allowed`)
  fill('staleness-meter', meter(part, health, `${percent(part)} of the bound`))
  fill(
    'staleness-chart',
    chart({
      series: [{ kind: 'staleness', values: samples.stalenessMs }],
      stacked: false,
      slots,
      height: SPARK_HEIGHT + 16,
      bound: boundMs,
      label: 'Greatest staleness, with its bound',
    }),
  )
  fill(
    'staleness-kept',
    el(
      'span',
      { 'data-health': health },
      kept
        ? '0 violations: no grant rested on an older fact.'
        : `${count(verdicts.violations)} violations: grants were withheld, their fact was too old.`,
    ),
  )
}

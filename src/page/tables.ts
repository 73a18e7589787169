import type { RefusalLine, RouteState, State, UpstreamStanding } from '../state/state.ts'
import { at, el, icon, setText } from './dom.ts'
import type { Child } from './dom.ts'
import { clockTime, count, rate, since, span } from './format.ts'
import { drawRows } from './rows.ts'
import type { Row } from './rows.ts'

type Key =
  'id' | 'requests' | 'perSecond' | 'status4xx' | 'status5xx' | 'p50Ms' | 'p99Ms' | 'lastUsedAt'

/** One upstream may serve hundreds of routes: the first ones say which. */
const MOST_TAGS = 12

let sorted: { key: Key; rising: boolean } | null = null
let latest: State | null = null

/** Makes the columns of the routes sortable, and the routes searchable. */
export function prepareTables(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-sort]')) {
    button.addEventListener('click', () => {
      const key = button.dataset['sort'] as Key
      // Numbers are looked at from the greatest on, names from the first.
      sorted = { key, rising: sorted?.key === key ? !sorted.rising : key === 'id' }
      for (const other of document.querySelectorAll('button[data-sort]')) {
        const isThis = other === button
        const order = sorted.rising ? 'ascending' : 'descending'
        other.closest('th')?.setAttribute('aria-sort', isThis ? order : 'none')
      }
      if (latest !== null) showRoutes(latest)
    })
  }
  at('route-filter').addEventListener('input', () => {
    if (latest !== null) showRoutes(latest)
  })
}

/** Shows the tables. */
export function showTables(state: State): void {
  latest = state
  showRoutes(state)
  const nowMs = Date.parse(state.at)
  at('upstreams').hidden = state.upstreams.length === 0
  drawRows('upstream-rows', upstreamRows(state.upstreams, nowMs))
  at('refusals').hidden = state.refusals === null
  const refusals = state.refusals ?? []
  setText('refusal-count', refusals.length === 0 ? 'none of late' : `the latest ${refusals.length}`)
  drawRows('refusal-rows', refusalRows(refusals, nowMs))
}

function showRoutes(state: State): void {
  const wanted = at<HTMLInputElement>('route-filter').value.trim().toLowerCase()
  const nowMs = Date.parse(state.at)
  const fits = ({ id, path, hosts }: RouteState): boolean =>
    [id, path, ...(hosts ?? [])].some((text) => text.toLowerCase().includes(wanted))
  const routes = state.routes.filter(fits)
  if (sorted !== null) routes.sort(orderBy(sorted.key, sorted.rising))
  const all = state.routes.length
  setText('route-count', routes.length === all ? `${count(all)}` : `${routes.length} of ${all}`)
  drawRows(
    'route-rows',
    routes.map((route) => ({
      name: route.id,
      key: JSON.stringify([route, usedOf(route, nowMs)]),
      make: () => routeRow(route, nowMs),
    })),
  )
}

function orderBy(key: Key, rising: boolean): (a: RouteState, b: RouteState) => number {
  return (a, b) => {
    const [x, y] = [a[key] ?? '', b[key] ?? '']
    // What there is nothing of comes last in any order.
    if (x === '' || y === '') return x === y ? 0 : x === '' ? 1 : -1
    return (x < y ? -1 : x > y ? 1 : 0) * (rising ? 1 : -1)
  }
}

// Rows are grids, so that those out of sight cost nothing: what they are their roles must say.
function row(heading: readonly Child[], cells: readonly HTMLElement[]): HTMLElement {
  return el(
    'tr',
    { role: 'row' },
    el('th', { scope: 'row', role: 'rowheader' }, ...heading),
    ...cells,
  )
}

function cell(name: string, ...children: readonly Child[]): HTMLElement {
  return el('td', { role: 'cell', 'data-name': name }, ...children)
}

function number(name: string, text: string, health = ''): HTMLElement {
  const made = el('td', { role: 'cell', class: 'number', 'data-name': name }, text)
  if (health !== '') made.setAttribute('data-health', health)
  return made
}

let blank: HTMLElement | null = null

/** Fills in the copy of a blank row: hundreds of rows take three times as long to make element by element. */
function routeRow(route: RouteState, nowMs: number): HTMLElement {
  const { id, path, hosts, methods, token, refusals, status4xx, status5xx } = route
  const names = [
    'requests',
    'per second',
    '4xx',
    '5xx',
    'median',
    '99 %',
    'refused for',
    'last used',
  ]
  blank ??= row(
    [el('span', { class: 'id' }), el('span', { class: 'detail' })],
    [
      cell('token'),
      ...names.map((name) => (name === 'refused for' ? cell(name) : number(name, ''))),
    ],
  )
  const made = blank.cloneNode(true) as HTMLElement
  const [heading, ...cells] = made.children
  const where = [...(methods ?? []), ...(hosts ?? []), path].join(' ')
  heading?.firstElementChild?.append(id)
  heading?.lastElementChild?.append(where === id ? '' : where)
  const codes = Object.entries(refusals).toSorted(([, a], [, b]) => b - a)
  const contents: readonly Child[] = [
    token === '' ? '–' : el('span', { class: 'tag' }, token),
    count(route.requests),
    rate(route.perSecond),
    count(status4xx),
    count(status5xx),
    span(route.p50Ms),
    span(route.p99Ms),
    codes.length === 0
      ? '–'
      : el('span', { class: 'codes' }, ...codes.flatMap(([code, times]) => codeTag(code, times))),
    usedOf(route, nowMs),
  ]
  for (const [at, content] of contents.entries()) cells[at]?.append(content ?? '')
  if (status4xx > 0) cells[3]?.setAttribute('data-health', 'attention')
  if (status5xx > 0) cells[4]?.setAttribute('data-health', 'bad')
  return made
}

function usedOf({ lastUsedAt }: RouteState, nowMs: number): string {
  return lastUsedAt === null ? 'never' : agoOf(lastUsedAt, nowMs)
}

function codeTag(code: string, times: number): Child[] {
  return [el('span', { class: 'code' }, code, ' ', el('b', {}, count(times))), ' ']
}

/** One upstream may serve many routes: those for which it stands alike are one row. */
function upstreamRows(upstreams: readonly UpstreamStanding[], nowMs: number): Row[] {
  const groups = new Map<string, UpstreamStanding[]>()
  for (const upstream of upstreams) {
    const name = `${upstream.up} ${upstream.url}`
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [upstream])
    else group.push(upstream)
  }
  return [...groups].map(([name, group]) => {
    const shown = standingOf(group, nowMs)
    return { name, key: JSON.stringify(shown), make: () => upstreamRow(shown) }
  })
}

/** What a row says of an upstream. */
interface Standing {
  readonly url: string
  readonly up: boolean
  readonly routes: readonly string[]
  readonly more: number
  readonly since: string
  readonly answered: number
  readonly failed: number
  readonly maxConnections: number
}

function standingOf(group: readonly UpstreamStanding[], nowMs: number): Standing {
  const sum = (...outcomes: readonly string[]): number =>
    group.reduce(
      (total, { requests }) =>
        total + outcomes.reduce((n, outcome) => n + (requests[outcome] ?? 0), 0),
      0,
    )
  const [first] = group
  return {
    url: first?.url ?? '',
    up: first?.up ?? false,
    routes: group.slice(0, MOST_TAGS).map(({ route }) => route),
    more: Math.max(0, group.length - MOST_TAGS),
    since: since(Date.parse(first?.since ?? ''), nowMs),
    answered: sum('ok'),
    failed: sum('unreachable', 'timeout'),
    maxConnections: first?.maxConnections ?? 0,
  }
}

function upstreamRow(standing: Standing): HTMLElement {
  const { url, up, routes, more, failed } = standing
  const health = up ? 'good' : 'bad'
  return row(
    [el('span', { class: 'id' }, url)],
    [
      cell(
        'routes',
        el(
          'span',
          { class: 'codes' },
          ...routes.map((route) => el('span', { class: 'tag' }, route)),
          more === 0 ? null : el('span', { class: 'detail' }, `+ ${count(more)} more`),
        ),
      ),
      cell(
        'state',
        el(
          'span',
          { class: 'state', 'data-health': health },
          icon(health),
          up ? ' up' : ' left out',
        ),
      ),
      number('for', standing.since),
      number('answered', count(standing.answered)),
      number('failed', count(failed), failed > 0 ? 'attention' : ''),
      number('connections at most', count(standing.maxConnections)),
    ],
  )
}

function refusalRows(refusals: readonly RefusalLine[], nowMs: number): Row[] {
  const names = new Map<string, number>()
  return refusals.map((refusal) => {
    const { code, fingerprint, client, lastAt } = refusal
    const who = JSON.stringify([code, fingerprint, client])
    // Two workers may each have refused the same.
    const times = names.get(who) ?? 0
    names.set(who, times + 1)
    return {
      name: `${times} ${who}`,
      key: JSON.stringify([refusal, agoOf(lastAt, nowMs)]),
      make: () => refusalRow(refusal, nowMs),
    }
  })
}

function refusalRow(refusal: RefusalLine, nowMs: number): HTMLElement {
  const { lastAt, count: times, route, status, code, caveat, fingerprint, client } = refusal
  const time = el('time', { datetime: lastAt, title: lastAt }, clockTime(lastAt))
  return row(
    [time, el('span', { class: 'detail' }, agoOf(lastAt, nowMs))],
    [
      cell('route', route),
      number('status', String(status), status >= 500 ? 'bad' : 'attention'),
      cell('code', el('span', { class: 'code' }, caveat === null ? code : `${code} (${caveat})`)),
      number('times', count(times)),
      cell('token', el('span', { class: 'mono' }, fingerprint ?? 'none')),
      cell('client', el('span', { class: 'mono' }, client ?? 'unknown')),
      cell('request', el('span', { class: 'mono' }, refusal.requestId ?? '–')),
    ],
  )
}

function agoOf(iso: string, nowMs: number): string {
  return nowMs - Date.parse(iso) < 1500 ? 'just now' : `${since(Date.parse(iso), nowMs)} ago`
}

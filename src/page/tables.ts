import type { RefusalLine, RouteState, State, UpstreamStanding } from '../state/state.ts'
import { at, el, fill, icon, setText } from './dom.ts'
import type { Child } from './dom.ts'
import { clockTime, count, rate, since, span } from './format.ts'
import { drawRows } from './rows.ts'

type Key =
  'id' | 'requests' | 'perSecond' | 'status4xx' | 'status5xx' | 'p50Ms' | 'p99Ms' | 'lastUsedAt'

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
  fill('upstream-rows', ...byUrl(state.upstreams).map((group) => upstreamRow(group, nowMs)))
  at('refusals').hidden = state.refusals === null
  const refusals = state.refusals ?? []
  setText('refusal-count', refusals.length === 0 ? 'none of late' : `the latest ${refusals.length}`)
  fill('refusal-rows', ...refusals.map((refusal) => refusalRow(refusal, nowMs)))
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

function cell(name: string, ...children: readonly Child[]): HTMLElement {
  return el('td', { 'data-name': name }, ...children)
}

function number(name: string, text: string, health = ''): HTMLElement {
  return el('td', { class: 'number', 'data-name': name, 'data-health': health }, text)
}

function routeRow(route: RouteState, nowMs: number): HTMLElement {
  const { id, path, hosts, methods, token, refusals } = route
  const codes = Object.entries(refusals).toSorted(([, a], [, b]) => b - a)
  const where = [...(methods ?? []), ...(hosts ?? []), path].join(' ')
  return el(
    'tr',
    {},
    el(
      'th',
      { scope: 'row' },
      el('span', { class: 'id' }, id),
      where === id ? null : el('span', { class: 'detail' }, where),
    ),
    cell('token', token === '' ? '–' : el('span', { class: 'tag' }, token)),
    number('requests', count(route.requests)),
    number('per second', rate(route.perSecond)),
    number('4xx', count(route.status4xx), route.status4xx > 0 ? 'attention' : ''),
    number('5xx', count(route.status5xx), route.status5xx > 0 ? 'bad' : ''),
    number('median', span(route.p50Ms)),
    number('99 %', span(route.p99Ms)),
    cell(
      'refused for',
      codes.length === 0
        ? '–'
        : el('span', { class: 'codes' }, ...codes.flatMap(([code, times]) => codeTag(code, times))),
    ),
    number('last used', usedOf(route, nowMs)),
  )
}

function usedOf({ lastUsedAt }: RouteState, nowMs: number): string {
  return lastUsedAt === null ? 'never' : agoOf(lastUsedAt, nowMs)
}

function codeTag(code: string, times: number): Child[] {
  return [el('span', { class: 'code' }, code, ' ', el('b', {}, count(times))), ' ']
}

/** One upstream may serve many routes: those for which it stands alike are one row. */
function byUrl(upstreams: readonly UpstreamStanding[]): UpstreamStanding[][] {
  const groups = new Map<string, UpstreamStanding[]>()
  for (const upstream of upstreams) {
    const key = `${upstream.up} ${upstream.url}`
    groups.set(key, [...(groups.get(key) ?? []), upstream])
  }
  return [...groups.values()]
}

function upstreamRow(group: readonly UpstreamStanding[], nowMs: number): HTMLElement | null {
  const [first] = group
  if (first === undefined) return null
  const { url, up, since: then, maxConnections } = first
  const health = up ? 'good' : 'bad'
  const sum = (...outcomes: readonly string[]): number =>
    group.reduce(
      (total, { requests }) =>
        total + outcomes.reduce((n, outcome) => n + (requests[outcome] ?? 0), 0),
      0,
    )
  const failed = sum('unreachable', 'timeout')
  return el(
    'tr',
    {},
    el('th', { scope: 'row' }, el('span', { class: 'id' }, url)),
    cell(
      'routes',
      el(
        'span',
        { class: 'codes' },
        ...group.map(({ route }) => el('span', { class: 'tag' }, route)),
      ),
    ),
    el(
      'td',
      { 'data-name': 'state' },
      el('span', { class: 'state', 'data-health': health }, icon(health), up ? ' up' : ' left out'),
    ),
    number('for', since(Date.parse(then), nowMs)),
    number('answered', count(sum('ok'))),
    number('failed', count(failed), failed > 0 ? 'attention' : ''),
    number('connections at most', count(maxConnections)),
  )
}

function refusalRow(refusal: RefusalLine, nowMs: number): HTMLElement {
  const { lastAt, count: times, route, status, code, caveat, fingerprint, client } = refusal
  const time = el('time', { datetime: lastAt, title: lastAt }, clockTime(lastAt))
  return el(
    'tr',
    {},
    el('th', { scope: 'row' }, time, el('span', { class: 'detail' }, `${agoOf(lastAt, nowMs)}`)),
    cell('route', route),
    number('status', String(status), status >= 500 ? 'bad' : 'attention'),
    cell('code', el('span', { class: 'code' }, caveat === null ? code : `${code} (${caveat})`)),
    number('times', count(times)),
    cell('token', el('span', { class: 'mono' }, fingerprint ?? 'none')),
    cell('client', el('span', { class: 'mono' }, client ?? 'unknown')),
    cell('request', el('span', { class: 'mono' }, refusal.requestId ?? '–')),
  )
}

function agoOf(iso: string, nowMs: number): string {
  return nowMs - Date.parse(iso) < 1500 ? 'just now' : `${since(Date.parse(iso), nowMs)} ago`
}

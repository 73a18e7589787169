import type { Figures } from './figures.ts'
import type { Health, ReloadState, Sign, SignName } from './state.ts'

/** What the signs are read from. */
export interface SignFacts {
  readonly figures: Figures
  readonly nowMs: number
  readonly unreadiness: string | null
  readonly backend: string
  readonly workersWanted: number | null
  readonly reload: ReloadState
}

/** Before the end of a certificate there must be time to get another. */
const CERTIFICATE_SOON_MS = 14 * 24 * 3600 * 1000

/** Reads what is looked at first, in the order in which it is shown. */
export function readSigns(facts: SignFacts): Sign[] {
  return [
    gatewaySign(facts),
    verifierSign(facts),
    watchSign(facts),
    sign('store', 'off', 'none', 'this gateway shares with no other what it knows'),
    upstreamsSign(facts),
    settingsSign(facts),
    certificateSign(facts),
    reloadSign(facts),
  ]
}

/** The worst of the signs. */
export function worstOf(signs: readonly Sign[]): Health {
  for (const health of ['bad', 'attention'] as const) {
    if (signs.some((one) => one.health === health)) return health
  }
  return 'good'
}

function sign(name: SignName, health: Health, says: string, detail = ''): Sign {
  return { name, health, says, detail }
}

function gatewaySign({ unreadiness, figures, workersWanted }: SignFacts): Sign {
  if (unreadiness !== null) return sign('gateway', 'bad', 'not ready', unreadiness)
  if (figures.violations > 0) {
    const withheld = `${figures.violations} grants were withheld because their fact was too old`
    return sign('gateway', 'bad', 'ready', withheld)
  }
  if (workersWanted === null) return sign('gateway', 'good', 'ready', 'one process')
  const running = `${figures.workers} of ${workersWanted} workers`
  const restarts = figures.workerRestarts === 0 ? '' : `, ${figures.workerRestarts} restarts`
  const health = figures.workers < workersWanted ? 'attention' : 'good'
  return sign('gateway', health, 'ready', running + restarts)
}

function verifierSign({ figures, backend, nowMs }: SignFacts): Sign {
  const { breaker, lastCalls, clockOffsetMs } = figures
  const name = backend === 'onezone' ? 'Onezone' : 'the look-up API'
  const answered = Math.max(lastCalls.ok, lastCalls.refused)
  const last =
    answered === 0 ? 'it has answered nothing yet' : `last answer ${agoOf(answered * 1000, nowMs)}`
  if (breaker === 2) return sign('verifier', 'bad', 'does not answer', `breaker open; ${last}`)
  if (lastCalls.fault > answered) {
    return sign(
      'verifier',
      'bad',
      'does not answer',
      `last fault ${agoOf(lastCalls.fault * 1000, nowMs)}; ${last}`,
    )
  }
  if (breaker === 1)
    return sign('verifier', 'attention', 'being tried', `breaker half-open; ${last}`)
  if (answered === 0)
    return sign('verifier', 'good', 'not asked yet', `${name} was not needed so far`)
  const offset =
    Math.abs(clockOffsetMs) < 1000 ? '' : `; its clock is ${inSeconds(clockOffsetMs)} off`
  return sign('verifier', 'good', 'answers', `breaker closed; ${last}${offset}`)
}

function watchSign({ figures }: SignFacts): Sign {
  if (figures.watch === 0)
    return sign('watch', 'off', 'off', 'revocations are seen within the bound')
  if (figures.watch === 1) return sign('watch', 'good', 'sees revocations')
  return sign('watch', 'attention', 'cannot see', 'revocations are still seen within the bound')
}

function upstreamsSign({ figures }: SignFacts): Sign {
  const { upstreams } = figures
  if (upstreams.length === 0) return sign('upstreams', 'off', 'none', 'front proxies only ask')
  const down = upstreams.filter(({ up }) => !up)
  const all = `${upstreams.length} in use`
  if (down.length === 0) return sign('upstreams', 'good', 'all up', all)
  const routes = new Set(upstreams.map(({ route }) => route))
  const dead = [...routes].filter((id) => upstreams.every(({ route, up }) => route !== id || !up))
  const left = `${down.length} of ${upstreams.length} left out`
  if (dead.length > 0) return sign('upstreams', 'bad', left, `none is up for ${dead.join(', ')}`)
  return sign('upstreams', 'attention', left, down.map(({ url }) => url).join(', '))
}

function settingsSign({ figures }: SignFacts): Sign {
  const { insecureSettings } = figures
  if (insecureSettings.length === 0) return sign('settings', 'good', 'none insecure')
  return sign(
    'settings',
    'attention',
    `${insecureSettings.length} insecure`,
    insecureSettings.join(', '),
  )
}

function certificateSign({ figures, nowMs }: SignFacts): Sign {
  if (figures.certificateEnds === null) {
    return sign('certificate', 'off', 'no TLS', 'the listener speaks plain HTTP')
  }
  const endsMs = figures.certificateEnds * 1000
  const until = `until ${new Date(endsMs).toISOString().slice(0, 10)}`
  const leftMs = endsMs - nowMs
  if (leftMs <= 0) return sign('certificate', 'bad', 'expired', until)
  const days = `${Math.floor(leftMs / 86_400_000)} days left`
  return sign('certificate', leftMs < CERTIFICATE_SOON_MS ? 'attention' : 'good', days, until)
}

function reloadSign({ reload, nowMs }: SignFacts): Sign {
  const { last, appliedAt } = reload
  const applied = `in force since ${agoOf(Date.parse(appliedAt), nowMs).replace(/ ago$/, '')}`
  if (last === null) return sign('reload', 'good', 'as started', applied)
  if (last.outcome === 'refused') {
    const [first = 'the log says why'] = last.problems
    const more = last.problems.length > 1 ? ` (and ${last.problems.length - 1} more)` : ''
    return sign('reload', 'bad', 'refused', first + more)
  }
  return sign('reload', 'good', last.outcome, `${agoOf(Date.parse(last.at), nowMs)}; ${applied}`)
}

/** `3 min ago`, in the largest unit of which there is one. */
export function agoOf(thenMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - thenMs) / 1000))
  if (seconds < 1) return 'just now'
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`
  return `${Math.floor(seconds / 86_400)} d ago`
}

function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

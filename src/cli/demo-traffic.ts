import type { DevOnezone } from '../dev-onezone/index.ts'
import type { Subject } from '../token/index.ts'

/** Options of {@link startDemoTraffic}. */
export interface DemoTrafficOptions {
  /** Base URL of the gateway. */
  readonly gateway: string
  readonly onezone: DevOnezone
  /** Tokens of each kind that are good. */
  readonly tokens: Readonly<Record<'access' | 'identity' | 'named', string>>
}

const USERS = ['bob', 'carol', 'dan', 'erin', 'frank'] as const
const ONE_DAY_SECONDS = 24 * 3600
const AVERAGE_PER_SECOND = 24
/** The day of the made-up users has this many seconds. */
const DAY_SECONDS = 420
const MOST_IN_FLIGHT = 32

/** A request that is made again and again. */
interface Habit {
  /** How often, compared to the others. */
  readonly weight: number
  readonly path: () => string
  readonly token: () => string | null
}

/**
 * Lets made-up users work with the gateway: most are let through, some have tokens that ended, were revoked, or do not
 * fit.
 *
 * @returns Stops it.
 */
export function startDemoTraffic({ gateway, onezone, tokens }: DemoTrafficOptions): () => void {
  const habits = habitsOf(onezone, tokens)
  const all = habits.reduce((sum, { weight }) => sum + weight, 0)
  const startedAtMs = performance.now()
  let inFlight = 0
  let timer: NodeJS.Timeout

  function choose(): Habit | undefined {
    let at = Math.random() * all
    return habits.find(({ weight }) => (at -= weight) < 0)
  }

  async function send(habit: Habit): Promise<void> {
    const token = habit.token()
    const headers = token === null ? {} : { 'X-Auth-Token': token }
    inFlight++
    try {
      await (await fetch(gateway + habit.path(), { headers })).arrayBuffer()
    } catch {
      // The demo is ending, or its Onezone was stopped by whoever plays with it.
    } finally {
      inFlight--
    }
  }

  function next(): void {
    const habit = choose()
    if (habit !== undefined && inFlight < MOST_IN_FLIGHT) void send(habit)
    const phase = ((performance.now() - startedAtMs) / 1000 / DAY_SECONDS) * 2 * Math.PI
    const perSecond = AVERAGE_PER_SECOND * (1 + 0.35 * Math.sin(phase) + 0.15 * Math.sin(phase * 7))
    // Requests of people who know nothing of each other come in no rhythm.
    timer = setTimeout(next, (-Math.log(1 - Math.random()) / perSecond) * 1000)
  }
  next()
  return () => clearTimeout(timer)
}

function habitsOf(onezone: DevOnezone, tokens: DemoTrafficOptions['tokens']): Habit[] {
  for (const id of USERS.slice(1)) onezone.createUser(id)
  const good = USERS.map((id) => {
    const subject: Subject = { type: 'user', id }
    return onezone.createTemporaryToken({ subject, validForSeconds: ONE_DAY_SECONDS })
  })
  const subject: Subject = { type: 'user', id: 'frank' }
  const ended = onezone.createTemporaryToken({ subject, validForSeconds: 1 })
  const elsewhere = onezone.createTemporaryToken({
    subject,
    caveats: [{ type: 'ip', whitelist: ['192.0.2.0/24'] }],
    validForSeconds: ONE_DAY_SECONDS,
  })
  const revoked = onezone.createNamedToken({ subject, name: 'lost laptop' })
  onezone.setNamedTokenRevoked(revoked.tokenId, true)
  const one = (list: readonly string[]): string =>
    list[Math.floor(Math.random() * list.length)] ?? ''
  const files = ['/spaces', '/data/report.csv', '/data/2026/raw.bin', '/jobs/17']
  return [
    { weight: 62, path: () => one(files), token: () => one(good) },
    { weight: 14, path: () => '/public/index.html', token: () => null },
    { weight: 8, path: () => '/jobs', token: () => tokens.named },
    { weight: 6, path: () => '/identity/me', token: () => tokens.identity },
    { weight: 3, path: () => '/spaces', token: () => null },
    { weight: 3, path: () => '/spaces', token: () => ended },
    { weight: 2, path: () => '/data/report.csv', token: () => elsewhere },
    { weight: 1, path: () => '/jobs', token: () => revoked.token },
    { weight: 1, path: () => '/identity/me', token: () => tokens.access },
  ]
}

import type { State } from '../state/state.ts'
import { order } from './api.ts'
import { at, el, icon, setText } from './dom.ts'
import type { Child } from './dom.ts'
import { span } from './format.ts'
import { drawRows } from './rows.ts'

/** What `POST /explain` says, as far as it is shown. */
interface Explanation {
  readonly route: { readonly id: string; readonly path: string; readonly token: string } | null
  readonly token: {
    readonly fingerprint: string
    readonly kind: string
    readonly persistence: string
    readonly subject: Subject
    readonly expiresAt: number | null
  } | null
  readonly caveats: readonly {
    readonly type: string
    readonly judged: string | null
    readonly holds: boolean | null
  }[]
  readonly verification: {
    readonly proven: boolean
    readonly family: {
      readonly factAgeMs: number | null
      readonly refreshInMs: number | null
      readonly death: string | null
    } | null
  } | null
  readonly decision: {
    readonly outcome: 'granted' | 'denied' | 'undecided'
    readonly status: number | null
    readonly code: string | null
    readonly detail: string | null
    readonly source: string | null
    readonly subject: Subject | null
  }
}

interface Subject {
  readonly type: string
  readonly id?: string
}

/** What `POST /invalidate` says. */
interface Invalidation {
  readonly families: number
  readonly tokens: number
}

const OUTCOMES = {
  granted: ['good', 'Granted'],
  denied: ['bad', 'Refused'],
  undecided: ['attention', 'Undecided: Onezone would be asked'],
} as const

const JUDGES: Readonly<Record<string, string>> = {
  here: 'judged here',
  onezone: 'judged by Onezone',
  delegated: 'left to the upstream',
  refused: 'not taken by this route',
}

/** Makes the tools work. */
export function prepareTools(): void {
  at<HTMLFormElement>('explain-form').addEventListener('submit', (event) => {
    event.preventDefault()
    const token = at<HTMLInputElement>('explain-token')
    const given = token.value.trim()
    // It stays nowhere: not in the field, and in no answer.
    token.value = ''
    void show('explain-result', async () => explanationOf(await explain(given)))
  })
  const dryRun = at<HTMLFormElement>('invalidate-form')
  dryRun.addEventListener('submit', (event) => {
    event.preventDefault()
    void show('invalidate-result', countFirst)
  })
  dryRun.addEventListener('input', showFields)
  showFields()
  at('configuration').addEventListener('toggle', () => showConfiguration(latest))
}

function explain(token: string): Promise<Explanation> {
  const text = (id: string): string | undefined =>
    at<HTMLInputElement>(id).value.trim() || undefined
  return order('/explain', {
    token: token === '' ? undefined : token,
    method: text('explain-method'),
    path: text('explain-path'),
    host: text('explain-host'),
    peerIp: text('explain-ip'),
    ask: at<HTMLInputElement>('explain-ask').checked,
  })
}

/** Does something and shows what came of it, or what went wrong. */
async function show(id: string, work: () => Promise<readonly Child[]>): Promise<void> {
  const result = at(id)
  result.setAttribute('aria-busy', 'true')
  try {
    result.replaceChildren(...(await work()).filter((child) => child !== null))
  } catch (error) {
    const says = error instanceof Error ? error.message : 'that did not work'
    result.replaceChildren(verdict('bad', 'That did not work', says))
  } finally {
    result.removeAttribute('aria-busy')
  }
}

function verdict(health: string, says: string, detail: string): HTMLElement {
  return el(
    'p',
    { class: 'outcome', 'data-health': health },
    icon(health),
    el('b', {}, says),
    ' ',
    el('span', {}, detail),
  )
}

function explanationOf({ route, token, caveats, verification, decision }: Explanation): Child[] {
  const [health, says] = OUTCOMES[decision.outcome]
  const code = [decision.status, decision.code].filter((part) => part !== null).join(' ')
  const facts: [string, string][] = []
  if (decision.subject !== null) facts.push(['speaks for', nameOf(decision.subject)])
  if (decision.source !== null) facts.push(['known from', decision.source])
  facts.push(['route', route === null ? 'none' : `${route.id}, which wants: ${route.token}`])
  if (token !== null) {
    facts.push(
      ['token', `${token.fingerprint}, ${token.kind}, ${token.persistence}`],
      ['claims to be of', nameOf(token.subject)],
      [
        'ends',
        token.expiresAt === null
          ? 'never'
          : new Date(token.expiresAt * 1000).toLocaleString('en-GB'),
      ],
    )
  }
  for (const { type, judged, holds } of caveats) {
    const by = judged === null ? 'not reached' : (JUDGES[judged] ?? judged)
    facts.push([
      `caveat ${type}`,
      holds === null ? by : `${by}: ${holds ? 'holds' : 'does not hold'}`,
    ])
  }
  if (verification !== null) {
    const { proven, family } = verification
    facts.push(['proven', proven ? 'yes, this very token was accepted' : 'no'])
    if (family !== null && family.factAgeMs !== null) {
      const next =
        family.refreshInMs === null
          ? ''
          : `, asked again in ${span(Math.max(0, family.refreshInMs))}`
      facts.push(['its family', `was alive ${span(family.factAgeMs)} ago${next}`])
    }
    if (family !== null && family.death !== null)
      facts.push(['its family', `is dead: ${family.death}`])
  }
  return [
    verdict(health, says, [code, decision.detail].filter((part) => part).join(': ')),
    el(
      'dl',
      { class: 'facts' },
      ...facts.flatMap(([name, text]) => [el('dt', {}, name), el('dd', {}, text)]),
    ),
  ]
}

function nameOf({ type, id }: Subject): string {
  return id === undefined ? type : `${type} ${id}`
}

/** Only the fields that the choice needs. */
function showFields(): void {
  const what = at<HTMLSelectElement>('invalidate-what').value
  at('invalidate-id-field').hidden = what === 'all'
  const names: Readonly<Record<string, string>> = {
    user: 'Id of the user',
    oneprovider: 'Id of the Oneprovider',
    tokenId: 'Id of the token',
    fingerprint: 'Fingerprint, 12 hexadecimal digits',
  }
  at('invalidate-id-name').textContent = names[what] ?? ''
  at<HTMLInputElement>('invalidate-id').required = what !== 'all'
  // What was counted was something else.
  at('invalidate-result').replaceChildren()
}

function selector(): object {
  const what = at<HTMLSelectElement>('invalidate-what').value
  const id = at<HTMLInputElement>('invalidate-id').value.trim()
  if (what === 'all') return { all: true }
  if (what === 'user' || what === 'oneprovider') return { subject: { type: what, id } }
  return { [what]: id }
}

/** The dry run, which brings the button that does it. */
async function countFirst(): Promise<Child[]> {
  const chosen = selector()
  const { families, tokens } = await order<Invalidation>('/invalidate', { ...chosen, dryRun: true })
  const what = amount(families, tokens)
  const button = el('button', { class: 'danger' }, `Invalidate ${what}`)
  button.type = 'button'
  button.addEventListener('click', () => {
    void show('invalidate-result', async () => {
      const done = await order<Invalidation>('/invalidate', chosen)
      const says = `${amount(done.families, done.tokens)}: each is asked about anew before it passes again.`
      return [verdict('good', 'Taken back', says)]
    })
  })
  return [verdict('attention', `This would take back ${what}`, 'Nothing has changed yet.'), button]
}

function amount(families: number, tokens: number): string {
  const one = (number: number, singular: string, plural: string): string =>
    `${number} ${number === 1 ? singular : plural}`
  return `${one(families, 'family', 'families')} and ${one(tokens, 'token', 'tokens')}`
}

/** More than columns are good for. */
const MANY_LINES = 400

let shown = ''
let latest: State | null = null

/** Shows the configuration, which is the same mostly, where somebody looks at it: of many routes it is long. */
export function showConfiguration(state: State | null): void {
  latest = state
  if (state === null || !at<HTMLDetailsElement>('configuration').open) return
  const { configuration, origins } = state
  const text = JSON.stringify([configuration, origins])
  if (text === shown) return
  shown = text
  const note = 'below a setting stands where it was given; the others have their defaults'
  setText('configuration-note', origins === null ? 'given by a program' : note)
  const lines = linesOf(configuration, '')
  // Columns of equal length are found by trial.
  at('configuration-lines').classList.toggle('long', lines.length > MANY_LINES)
  drawRows(
    'configuration-lines',
    lines.map(([name, value]) => {
      const origin = originOf(name, origins)
      return {
        name,
        key: JSON.stringify([name, value, origin]),
        make: () => settingLine(name, value, origin),
      }
    }),
  )
}

function settingLine(name: string, value: string, origin: string | null): HTMLElement {
  // The directory is the same mostly, and long.
  const place = origin === null ? null : (origin.split('/').at(-1) ?? origin)
  const from = place === null ? null : el('span', { class: 'origin', title: origin ?? '' }, place)
  return el('div', {}, el('dt', {}, name), el('dd', {}, value, from))
}

function endOfOuter(name: string): number {
  return Math.max(name.lastIndexOf('.'), name.lastIndexOf('['))
}

/** Where a setting was given, or the one that it is a part of; null: by default, or nobody knows. */
function originOf(name: string, origins: State['origins']): string | null {
  if (origins === null) return null
  for (let part = name; part !== ''; part = part.slice(0, Math.max(0, endOfOuter(part)))) {
    const origin = Object.hasOwn(origins, part) ? origins[part] : undefined
    if (origin !== undefined) return origin
  }
  return null
}

/** `verdicts.maxStalenessMs` and its value, one for each setting. */
function linesOf(value: unknown, path: string): [string, string][] {
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
    if (entries.length > 0) {
      const isList = Array.isArray(value)
      return entries.flatMap(([key, inner]) =>
        linesOf(inner, isList ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`),
      )
    }
    return [[path, Array.isArray(value) ? 'none' : '{}']]
  }
  return [[path, String(value)]]
}

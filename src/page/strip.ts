import type { Health, Sign, SignName, State } from '../state/state.ts'
import { at, el, fill, icon, setText } from './dom.ts'
import { since } from './format.ts'

const TITLES: Readonly<Record<SignName, string>> = {
  gateway: 'Gateway',
  verifier: 'Onezone',
  watch: 'Watch',
  store: 'Shared store',
  upstreams: 'Upstreams',
  settings: 'Settings',
  certificate: 'Certificate',
  reload: 'Configuration',
}

const WORDS: Readonly<Record<Health, string>> = {
  good: 'All is well',
  attention: 'Needs attention',
  bad: 'In trouble',
  off: 'Not in use',
}

/** Shows what is looked at first. */
export function showStrip(state: State): void {
  const nowMs = Date.parse(state.at)
  const strip = at('strip')
  strip.dataset['health'] = state.health
  at('health-icon').replaceChildren(icon(state.health))
  // Only what changes with the health: this is read aloud.
  setText('health', WORDS[state.health])
  setText('because', becauseOf(state))
  fill('signs', ...state.signs.map((sign) => tileOf(sign, state)))
  const processes =
    state.workers === null ? 'one process' : `${state.workers.ready} workers, shown as one`
  const { gateway, forwardAuth } = state.listeners
  const listens = [gateway, forwardAuth].filter((url) => url !== null).join(', ')
  setText('instance', `${listens} · up ${since(Date.parse(state.startedAt), nowMs)} · ${processes}`)
  setText('version', `onegate ${state.version}`)
  setText('node', `Node ${state.node.version}`)
  at('node').dataset['health'] = state.node.supported ? 'good' : 'bad'
  at('node').title = state.node.supported ? '' : 'This Node no longer gets security fixes.'
  document.title = `${state.health === 'good' ? '' : `${WORDS[state.health]}: `}onegate`
}

/** Says that there is nothing new to show, and why. */
export function showLost(why: string): void {
  at('strip').dataset['health'] = 'bad'
  at('health-icon').replaceChildren(icon('bad'))
  setText('health', 'No news')
  setText('because', why)
  document.title = 'No news: onegate'
}

function titleOf(name: SignName, { verifier }: State): string {
  return name === 'verifier' && verifier.backend !== 'onezone' ? 'Look-up API' : TITLES[name]
}

function becauseOf(state: State): string {
  const troubled = state.signs.filter(({ health }) => health === state.health)
  if (state.health === 'good' || troubled.length === 0) return 'Requests are judged and carried.'
  return `${troubled.map((sign) => `${titleOf(sign.name, state)}: ${sign.says}`).join(' · ')}.`
}

function tileOf(sign: Sign, state: State): HTMLElement {
  return el(
    'li',
    { 'data-health': sign.health, 'data-sign': sign.name },
    el('span', { class: 'name' }, icon(sign.health), titleOf(sign.name, state)),
    el('b', {}, sign.says),
    el('span', { class: 'detail', title: sign.detail }, sign.detail),
  )
}

/**
 * The page for operators: reads `/state` again and again and shows it. Whatever it shows becomes text, never markup.
 *
 * @module
 */

import type { State } from '../state/state.ts'
import { readState, Refusal, rememberAdminToken } from './api.ts'
import { at, setText } from './dom.ts'
import { clockTime } from './format.ts'
import { showLost, showStrip } from './strip.ts'
import { prepareTables, showTables } from './tables.ts'
import { prepareTools, showConfiguration } from './tools.ts'
import { showVerdicts } from './verdicts.ts'

const EVERY_MS = 2_000

let paused = false
let timer: number | undefined

async function refresh(): Promise<void> {
  clearTimeout(timer)
  try {
    const state = await readState<State>()
    if (state !== null) show(state)
    at('unlock').hidden = true
  } catch (error) {
    if (error instanceof Refusal) {
      const isLocked = error.status === 401
      at('unlock').hidden = !isLocked
      showLost(isLocked ? 'This gateway wants its admin token.' : error.message)
    } else {
      showLost('The gateway cannot be reached; what is shown below is old.')
    }
  }
  if (!paused) timer = setTimeout(() => void refresh(), EVERY_MS)
}

function show(state: State): void {
  showStrip(state)
  showVerdicts(state)
  showTables(state)
  showConfiguration(state)
  setText('freshness', clockTime(state.at))
  at('content').hidden = false
}

at('pause').addEventListener('click', () => {
  paused = !paused
  at('pause').setAttribute('aria-pressed', String(paused))
  setText('pause', paused ? 'Go on' : 'Pause')
  void refresh()
})

at<HTMLFormElement>('unlock').addEventListener('submit', (event) => {
  event.preventDefault()
  const field = at<HTMLInputElement>('admin-token')
  rememberAdminToken(field.value.trim())
  field.value = ''
  void refresh()
})

prepareTables()
prepareTools()
void refresh()

/** Where the admin token is kept, for as long as this tab lives. */
const KEY = 'onegate-admin-token'

/** What the gateway says no with. */
export class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Remembers the admin token until the tab is closed. */
export function rememberAdminToken(token: string): void {
  sessionStorage.setItem(KEY, token)
}

let tag: string | null = null

/** Reads the state; null: it is the one that was read before. Throws a `Refusal`, or an error of the network. */
export async function readState<State>(): Promise<State | null> {
  const headers = new Headers(credentials())
  if (tag !== null) headers.set('If-None-Match', tag)
  const response = await fetch('/state', { headers, cache: 'no-store' })
  if (response.status === 304) return null
  const state = await readAnswer<State>(response)
  tag = response.headers.get('ETag')
  return state
}

/** Gives an order. Throws a `Refusal`, or an error of the network. */
export async function order<Answer>(
  path: '/explain' | '/invalidate',
  body: object,
): Promise<Answer> {
  const response = await fetch(path, {
    method: 'POST',
    headers: { ...credentials(), 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  return readAnswer(response)
}

function credentials(): Record<string, string> {
  const token = sessionStorage.getItem(KEY)
  return token === null ? {} : { Authorization: `Bearer ${token}` }
}

async function readAnswer<Answer>(response: Response): Promise<Answer> {
  const answer = (await response.json()) as unknown
  if (response.ok) return answer as Answer
  const { detail } = answer as { detail?: string }
  throw new Refusal(response.status, detail ?? `The gateway answers ${response.status}.`)
}

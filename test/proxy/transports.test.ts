import { env } from 'node:process'
import { setImmediate as turn } from 'node:timers/promises'

import fc from 'fast-check'
import { Pool } from 'undici'
import { expect, onTestFinished, test } from 'vitest'

import type { Rig } from '../helpers/proxy-rig.ts'
import { startRig } from '../helpers/proxy-rig.ts'
import { openRawClient } from '../helpers/raw-client.ts'
import { startRawUpstream } from '../helpers/raw-upstream.ts'
import type { ResponseScript } from '../helpers/response-scripts.ts'
import {
  brokenScripts,
  hasContinue,
  playScript,
  validScripts,
} from '../helpers/response-scripts.ts'

/** `PROPERTY_RUNS=5000` for a longer look, `PROPERTY_SEED` to see one again. */
const RUNS = Number(env['PROPERTY_RUNS'] ?? 150)
const SEED = env['PROPERTY_SEED']
const PARAMETERS = { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) }
const TIMEOUT_MS = 30_000 + RUNS * 100

/** What a client gets, and whether the proxy says that it was all. */
interface Seen {
  /** Heads of informational responses. */
  readonly information: readonly string[]
  readonly text: string
  readonly completed: boolean
}

/** Plays a script behind two proxies that differ in their transport only. */
async function startPair(): Promise<
  (script: ResponseScript) => Promise<{ ours: Seen; theirs: Seen }>
> {
  let script: ResponseScript | null = null
  const upstream = await startRawUpstream((socket) => void playScript(socket, script))
  const undici = new Pool(upstream.url)
  onTestFinished(() => undici.destroy())
  const route = { path: '/**', upstream: upstream.url, policy: { token: 'none' } } as const
  const own = await startRig([route])
  const other = await startRig([{ ...route, dispatcher: undici }])

  const see = async (rig: Rig, method: string): Promise<Seen> => {
    const before = rig.requestEvents.length
    const client = await openRawClient(rig.port)
    client.send(`${method} /x HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n`)
    const text = (await client.closed())
      .replace(/\r\nDate: [^\r]*/, '')
      .replaceAll(/(X-Request-Id: |"(?:requestId|reference)":")[\w-]+/g, '$1ID')
    const deadline = performance.now() + 5_000
    while (rig.requestEvents.length === before && performance.now() < deadline) await turn()
    client.socket.destroy()
    const information = /^(?:HTTP\/1\.1 1[^]*?\r\n\r\n)*/.exec(text)?.[0] ?? ''
    return {
      information: information.split('\r\n\r\n').map(normalHead),
      text: normal(text.slice(information.length)),
      completed: rig.requestEvents[before]?.completed ?? false,
    }
  }

  return async (next) => {
    script = next
    return { ours: await see(own, next.method), theirs: await see(other, next.method) }
  }
}

/** Spaces around a value say nothing, and undici forgets the reason phrase, which ours passes on. */
function normalHead(head: string): string {
  return head
    .replace(/^HTTP\/1\.1 (\d+)[^\r]*/, 'HTTP/1.1 $1 -')
    .replace(/:[ \t]*/g, ': ')
    .replace(/[ \t]+\r\n/g, '\r\n')
    .trimEnd()
}

/** Chunks are drawn by what came in one read, and a response that came in one piece gets a length in place of them. */
function normal(text: string): string {
  const end = text.indexOf('\r\n\r\n')
  const head = normalHead(text.slice(0, end))
  const body = text.slice(end + 4)
  if (/\r\nTransfer-Encoding: chunked/i.test(head)) {
    const { whole, complete } = joinChunks(body)
    return complete ? framed(head, whole) : `${head}\r\n\r\n${whole} (cut)`
  }
  const [, length] = /\r\nContent-Length: (\d+)/i.exec(head) ?? []
  return Number(length) === body.length ? framed(head, body) : `${head}\r\n\r\n${body}`
}

function framed(head: string, body: string): string {
  const others = head.replace(/\r\n(?:Transfer-Encoding|Content-Length):[^\r]*/gi, '')
  return `${others}\r\n(framed)\r\n\r\n${body}`
}

function joinChunks(body: string): { whole: string; complete: boolean } {
  let whole = ''
  for (let rest = body; ;) {
    const size = Number.parseInt(rest, 16)
    if (!(size > 0)) return { whole, complete: size === 0 }
    const from = rest.indexOf('\r\n') + 2
    whole += rest.slice(from, from + size)
    rest = rest.slice(from + size + 2)
  }
}

test(
  'a client sees the same valid response by either transport',
  { timeout: TIMEOUT_MS },
  async () => {
    const play = await startPair()
    await fc.assert(
      fc.asyncProperty(validScripts, async (script) => {
        const { ours, theirs } = await play(script)
        expect(ours).toEqual(theirs)
        expect(ours.completed).toBe(true)
      }),
      PARAMETERS,
    )
  },
)

test(
  'of a broken response a client sees the same, or a refusal, or that it is cut',
  { timeout: TIMEOUT_MS },
  async () => {
    const play = await startPair()
    await fc.assert(
      fc.asyncProperty(brokenScripts, async (script) => {
        const { ours, theirs } = await play(script)
        if (!ours.completed || ours.text.startsWith('HTTP/1.1 502 ')) return
        // Complete by RFC 9112 §6.3, whatever their fields announce and undici waits for.
        if (/^HTTP\/1\.1 (?:204|304) /.test(ours.text)) return
        if (theirs.text.startsWith('HTTP/1.1 502 ') && hasContinue(script)) return
        expect(ours).toEqual(theirs)
      }),
      PARAMETERS,
    )
  },
)

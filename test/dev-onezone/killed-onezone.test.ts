import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { bundledProgram } from '../helpers/bundled-program.ts'
import { createHttpClient } from './http-client.ts'
import { P } from './start.ts'

// A process that starts through a compiler would be killed most of the time.
const DEV = bundledProgram('dev-onezone/index.js')
const PROGRAM = `
import { createDevOnezone } from ${JSON.stringify(DEV)}
const onezone = await createDevOnezone({ control: true, stateFile: process.argv[1] })
console.log(onezone.url)
`
const CHAINS = 4
const KILLS_PER_CHAIN = 50
const WRITERS = 3

/** What was acknowledged of a state file's content, and what was only asked for. */
interface Ledger {
  /** Token by id. */
  readonly kept: Map<string, { readonly token: string; revoked: boolean }>
  readonly deleted: Set<string>
  generation: number
  /** How often something was asked for and never answered since the last look. */
  open: { creations: number; generations: number; changed: Set<string> }
}

describe('a development Onezone that is killed in the middle of its work', () => {
  test(`loses nothing that it acknowledged, ${CHAINS * KILLS_PER_CHAIN} times`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'onegate-kills-'))
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
    const chains = Array.from({ length: CHAINS }, (_, index) =>
      chain(join(directory, `state-${index}.json`)),
    )
    const totals = await Promise.all(chains)
    const sum = (key: keyof Totals) => totals.reduce((all, each) => all + each[key], 0)
    expect(sum('kills')).toBe(CHAINS * KILLS_PER_CHAIN)
    // A run in which nothing was acknowledged or interrupted would show nothing.
    expect(sum('acknowledged')).toBeGreaterThan(sum('kills'))
    expect(sum('interrupted')).toBeGreaterThan(0)
    process.stdout.write(
      `${sum('kills')} kills, ${sum('acknowledged')} acknowledged changes kept, ${sum('interrupted')} interrupted\n`,
    )
  }, 480_000)
})

interface Totals {
  kills: number
  acknowledged: number
  interrupted: number
}

async function chain(file: string): Promise<Totals> {
  const ledger: Ledger = { kept: new Map(), deleted: new Set(), generation: 0, open: nothingOpen() }
  const totals: Totals = { kills: 0, acknowledged: 0, interrupted: 0 }
  while (totals.kills < KILLS_PER_CHAIN) {
    const { child, url } = await startOnezone(file)
    const client = createHttpClient(url)
    try {
      await expectKept(ledger, client)
      // Counted in changes, not in time: also a slow machine is killed in the middle of them, and not before.
      const last = totals.acknowledged + 1 + Math.floor(Math.random() * 12)
      const onAcknowledged = () => {
        totals.acknowledged += 1
        if (totals.acknowledged >= last) setTimeout(() => child.kill('SIGKILL'), Math.random() * 8)
      }
      const writers = Array.from({ length: WRITERS }, (_, index) =>
        write(ledger, client, `${totals.kills} ${index}`, onAcknowledged),
      )
      totals.interrupted += (await Promise.all(writers)).filter(Boolean).length
      totals.kills += 1
    } finally {
      client.close()
      child.kill('SIGKILL')
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
  return totals
}

async function startOnezone(file: string): Promise<{ child: ChildProcess; url: string }> {
  const args = ['--input-type=module', '-e', PROGRAM, file]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (chunk) => (stderr += String(chunk)))
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (chunk) => resolve(String(chunk).trim()))
    child.once('close', () => reject(new Error(`It did not start: ${stderr}`)))
  })
  return { child, url }
}

type Client = ReturnType<typeof createHttpClient>

const headers = { 'X-Control-Auth': 'user:alice' }
const NAMED = `${P}/user/tokens/named`
const TEMPORARY = `${P}/user/tokens/temporary`

/** Changes one thing after the other until the connection breaks; whether it broke in the middle of a change. */
async function write(
  ledger: Ledger,
  { send }: Client,
  name: string,
  onAcknowledged: () => void,
): Promise<boolean> {
  try {
    for (let count = 0; ; count += 1) {
      ledger.open.creations += 1
      const { json } = await send(NAMED, { headers, body: { name: `token ${name} ${count}` } })
      ledger.open.creations -= 1
      const { tokenId, token } = json as { tokenId: string; token: string }
      ledger.kept.set(tokenId, { token, revoked: false })
      onAcknowledged()

      ledger.open.changed.add(tokenId)
      const path = `${P}/tokens/named/${tokenId}`
      if (count % 3 === 0) {
        await send(path, { method: 'DELETE', headers })
        ledger.kept.delete(tokenId)
        ledger.deleted.add(tokenId)
      } else {
        await send(path, { method: 'PATCH', headers, body: { revoked: true } })
        ledger.kept.set(tokenId, { token, revoked: true })
      }
      ledger.open.changed.delete(tokenId)
      onAcknowledged()

      ledger.open.generations += 1
      await send(TEMPORARY, { method: 'DELETE', headers })
      ledger.open.generations -= 1
      ledger.generation += 1
      onAcknowledged()
    }
  } catch (error) {
    const code = expect.stringMatching(/ECONNRESET|ECONNREFUSED|EPIPE/) as unknown
    expect(error).toMatchObject({ code })
    return (error as NodeJS.ErrnoException).code !== 'ECONNREFUSED'
  }
}

async function expectKept(ledger: Ledger, { send }: Client): Promise<void> {
  const { kept, deleted, open } = ledger
  const { tokens } = (await send(NAMED, { headers })).json as { tokens: string[] }
  const present = new Set(tokens)
  const lost = [...kept.keys()].filter((id) => !present.has(id) && !open.changed.has(id))
  expect(lost, 'acknowledged tokens that are lost').toEqual([])
  expect(
    tokens.filter((id) => deleted.has(id)),
    'deleted tokens that are back',
  ).toEqual([])
  const unknown = tokens.filter((id) => !kept.has(id))
  expect(unknown.length, 'tokens that nobody asked for').toBeLessThanOrEqual(open.creations)

  const { generation } = (await send(TEMPORARY, { headers })).json as { generation: number }
  const most = Math.max(1, ledger.generation + open.generations)
  expect(generation).toBeGreaterThanOrEqual(ledger.generation)
  expect(generation).toBeLessThanOrEqual(most)

  for (const [id, { token, revoked }] of [...kept].filter(([each]) => !open.changed.has(each))) {
    const { json } = await send(`${P}/tokens/named/${id}`, { headers })
    expect(json).toMatchObject({ token, revoked })
  }

  // Old tokens only make the check slow.
  const cleared = await send(NAMED, { method: 'DELETE', headers })
  expect(cleared.status).toBe(204)
  for (const id of present) deleted.add(id)
  kept.clear()
  ledger.generation = generation
  ledger.open = nothingOpen()
}

function nothingOpen(): Ledger['open'] {
  return { creations: 0, generations: 0, changed: new Set() }
}

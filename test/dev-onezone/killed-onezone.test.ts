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
const opening = process.argv.slice(1).map((stateFile) => createDevOnezone({ control: true, stateFile }))
console.log(JSON.stringify((await Promise.all(opening)).map(({ url }) => url)))
`
/** Of one process, each with a state file of its own: one kill breaks into the work of all. */
const ONEZONES = 8
const KILLS = 25
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
  test(`loses nothing that it acknowledged, ${ONEZONES * KILLS} times`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'onegate-kills-'))
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
    const files = Array.from({ length: ONEZONES }, (_, index) => join(directory, `${index}.json`))
    const ledgers = files.map(createLedger)
    let acknowledged = 0
    let interrupted = 0
    for (let kill = 1; kill <= KILLS; kill++) {
      const { child, urls } = await startOnezones(files)
      const clients = urls.map(createHttpClient)
      const each = <Result>(work: (ledger: Ledger, client: Client) => Result): Result[] =>
        ledgers.map((ledger, index) => {
          const client = clients[index]
          if (client === undefined) throw new Error('there are fewer Onezones than state files')
          return work(ledger, client)
        })
      try {
        await Promise.all(each(expectKept))
        // Counted in changes, not in time: also a slow machine is killed in the middle of them, and not before.
        const last = acknowledged + ONEZONES * (1 + Math.floor(Math.random() * 12))
        const onAcknowledged = () => {
          acknowledged += 1
          if (acknowledged >= last) setTimeout(() => child.kill('SIGKILL'), Math.random() * 8)
        }
        const writing = each((ledger, client) =>
          Array.from({ length: WRITERS }, (_, index) =>
            write(ledger, client, `${kill} ${index}`, onAcknowledged),
          ),
        )
        interrupted += (await Promise.all(writing.flat())).filter(Boolean).length
      } finally {
        clients.forEach((client) => client.close())
        child.kill('SIGKILL')
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    }
    // A run in which nothing was acknowledged or interrupted would show nothing.
    expect(acknowledged).toBeGreaterThan(ONEZONES * KILLS)
    expect(interrupted).toBeGreaterThan(0)
    process.stdout.write(
      `${ONEZONES * KILLS} kills, ${acknowledged} acknowledged changes kept, ${interrupted} interrupted\n`,
    )
  }, 480_000)
})

function createLedger(): Ledger {
  return { kept: new Map(), deleted: new Set(), generation: 0, open: nothingOpen() }
}

async function startOnezones(
  files: readonly string[],
): Promise<{ child: ChildProcess; urls: string[] }> {
  const args = ['--input-type=module', '-e', PROGRAM, ...files]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (chunk) => (stderr += String(chunk)))
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (chunk) => resolve(String(chunk)))
    child.once('close', () => reject(new Error(`It did not start: ${stderr}`)))
  })
  return { child, urls: JSON.parse(line) as string[] }
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

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

import { onTestFinished } from 'vitest'

/** A service in a process of its own, that can be killed in the middle of its work. */
export interface UpstreamProcess {
  readonly url: string
  /** SIGKILL: no goodbye to anybody. */
  kill(): Promise<void>
  /** Starts it again, on the same port. */
  restart(): Promise<void>
}

/** Answers each request a little later with the name of the service, and health checks at once. */
const PROGRAM = `
  const { createServer } = require('node:http')
  const [name, port] = process.argv.slice(1)
  const server = createServer((request, response) => {
    if (request.url === '/healthz') return response.end()
    setTimeout(() => response.end(name), 2)
  })
  server.listen(Number(port), '127.0.0.1', () => console.log(server.address().port))
`

export async function startUpstreamProcess(name: string): Promise<UpstreamProcess> {
  let port = '0'
  let child: ChildProcess | undefined
  const kill = async (): Promise<void> => {
    if (child === undefined) return
    const ended = once(child, 'close')
    child.kill('SIGKILL')
    child = undefined
    await ended
  }
  const start = async (): Promise<void> => {
    const started = spawn(process.execPath, ['-e', PROGRAM, name, port], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    child = started
    port = await new Promise<string>((resolve, reject) => {
      createInterface({ input: started.stdout }).once('line', resolve)
      started.once('close', () => reject(new Error(`the upstream ${name} did not start`)))
    })
  }
  onTestFinished(kill)
  await start()
  return { url: `http://127.0.0.1:${port}`, kill, restart: start }
}

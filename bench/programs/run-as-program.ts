import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** Reads the input from stdin, does the work, and writes the result to stdout, both as JSON. */
export async function runAsProgram<Input, Result>(
  work: (input: Input) => Result | Promise<Result>,
): Promise<void> {
  const input = JSON.parse(await text(process.stdin)) as Input
  process.stdout.write(JSON.stringify(await work(input)))
}

/** Listens on a loopback port of the system's choice, says `{"url": …}`, and ends with stdin: with its starter. */
export function runAsServer(server: Server): void {
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    console.log(JSON.stringify({ url: `http://127.0.0.1:${port}` }))
  })
  process.stdin.once('end', () => process.exit()).resume()
}

import { Readable, Writable } from 'node:stream'
import { dispatch } from '../../src/cli/dispatch.ts'
import { createTerminal } from '../../src/cli/terminal.ts'

/** How a command ended, and what it wrote. */
export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

interface DispatchOptions {
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  /** Standard output is a terminal. */
  readonly isTTY?: boolean
  /** Standard input is one, too: somebody is there who can be asked. */
  readonly answers?: boolean
}

/** Runs a command of `onegate` to its end, in this process. */
export async function runDispatch(
  args: readonly string[],
  { input = '', env = {}, isTTY = false, answers = false }: DispatchOptions = {},
): Promise<Outcome> {
  const stdout = collector()
  const stderr = collector()
  const terminal = createTerminal({
    stdin: Object.assign(Readable.from([Buffer.from(input)]), { isTTY: answers }),
    stdout: Object.assign(stdout.stream, { isTTY }),
    stderr: stderr.stream,
    env,
  })
  const code = await dispatch(args, terminal)
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

function collector(): { stream: Writable; text: () => string } {
  let text = ''
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      text += chunk.toString()
      done()
    },
  })
  return { stream, text: () => text }
}

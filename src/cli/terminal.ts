import { createInterface } from 'node:readline'
import { styleText } from 'node:util'

type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan'

/** Where a command reads and writes. Data goes to `print`, everything else to `report`. */
export interface Terminal {
  /** Writes a line of data to standard output. */
  print(line: string): void
  /** Writes a line for a person to standard error. */
  report(line: string): void
  /** Decorates text for standard output, where that shows colours. */
  style(style: Style, text: string): string
  /** Standard input to its end. */
  readAll(): Promise<Buffer>
  /** Whether there is somebody at standard input who could be asked. */
  readonly answers: boolean
  /** Puts a question and reads one line; empty where there is nobody any more. */
  ask(question: string): Promise<string>
  readonly env: Readonly<Record<string, string | undefined>>
  /** How many characters fit in a line of standard output; null: it is no terminal. */
  readonly width: number | null
}

/** What a terminal is made of; `process` fits. */
export interface TerminalOptions {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }
  readonly stderr: NodeJS.WritableStream
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Makes the terminal of a process. */
export function createTerminal(options: TerminalOptions): Terminal {
  const { stdin, stdout, stderr, env } = options
  const colours = showsColours(options)
  return {
    print: (line) => void stdout.write(`${line}\n`),
    report: (line) => void stderr.write(`${line}\n`),
    // validateStream would judge process.stdout again, whatever stream this is.
    style: (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text),
    async readAll() {
      if (stdin.isTTY === true) stderr.write('Reading standard input; end it with Ctrl-D.\n')
      const chunks: Buffer[] = []
      for await (const chunk of stdin) chunks.push(Buffer.from(chunk))
      return Buffer.concat(chunks)
    },
    answers: stdin.isTTY === true,
    ask(question) {
      stderr.write(question)
      const lines = createInterface({ input: stdin })
      return new Promise<string>((resolve) => {
        lines.once('line', resolve).once('close', () => resolve(''))
      }).finally(() => lines.close())
    },
    env,
    width: stdout.isTTY === true ? (stdout.columns ?? null) : null,
  }
}

/** https://no-color.org: whatever its value, unless it is empty. */
function showsColours({ stdout, env }: TerminalOptions): boolean {
  return stdout.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
}

/** Makes control characters visible: text of a stranger's token must not command the terminal. */
export function printable(text: string): string {
  return text.replace(
    // oxlint-disable-next-line no-control-regex -- control characters are what this is about
    /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Lays rows out in columns, two spaces apart, without spaces at the ends of lines. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)))
  }
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** No column is made narrower than that. */
const LEAST_WIDTH = 8

/**
 * Lays rows out in columns that fit into a line: the widest columns are cut, but never the last one, by which a row is
 * called.
 *
 * @param width Null: nothing is cut.
 */
export function fitted(rows: readonly (readonly string[])[], width: number | null): string[] {
  if (width === null) return columns(rows)
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)))
  }
  const total = (): number => widths.reduce((sum, one) => sum + one + 2, -2)
  while (total() > width) {
    const most = Math.max(...widths.slice(0, -1))
    if (most <= LEAST_WIDTH) break
    widths[widths.indexOf(most)] = most - 1
  }
  const cut = (cell: string, most: number): string =>
    cell.length <= most ? cell : `${cell.slice(0, most - 1)}…`
  return columns(rows.map((row) => row.map((cell, at) => cut(cell, widths[at] ?? cell.length))))
}

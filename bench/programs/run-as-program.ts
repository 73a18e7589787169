import { text } from 'node:stream/consumers'

/** Reads the input from stdin, does the work, and writes the result to stdout, both as JSON. */
export async function runAsProgram<Input, Result>(
  work: (input: Input) => Result | Promise<Result>,
): Promise<void> {
  const input = JSON.parse(await text(process.stdin)) as Input
  process.stdout.write(JSON.stringify(await work(input)))
}

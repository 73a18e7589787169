/**
 * The parser that Node has inside, without connections: what a connection costs would be most of a campaign.
 *
 * @module
 */

/** A message as the parser of Node has read it. Text is latin-1. */
export interface ReadMessage {
  readonly method: string
  readonly url: string
  readonly version: string
  readonly status: number
  readonly rawHeaders: readonly string[]
  readonly body: string
  readonly complete: boolean
}

interface Parser {
  initialize(kind: number, resource: object): void
  execute(bytes: Buffer): number | Error
  [callback: number]: (...given: never[]) => number | void
}

interface ParserClass {
  new (): Parser
  readonly REQUEST: number
  readonly RESPONSE: number
  readonly kOnMessageBegin: number
  readonly kOnHeaders: number
  readonly kOnHeadersComplete: number
  readonly kOnBody: number
  readonly kOnMessageComplete: number
}

interface Binding {
  readonly HTTPParser: ParserClass
  readonly methods: readonly string[]
  readonly allMethods?: readonly string[]
}

// There is no other way to it in every version of Node that is supported, and it warns of itself each time.
const warnings = process.emitWarning.bind(process)
process.emitWarning = () => {}
const {
  HTTPParser,
  methods,
  allMethods = methods,
} = (process as unknown as { binding(name: string): Binding }).binding('http_parser')
process.emitWarning = warnings

const REUSED = new HTTPParser()

/** Reads the first message of a text; null: it has none, or is found to be malformed anywhere. */
export function readMessage(text: string, kind: 'request' | 'response'): ReadMessage | null {
  let [major, minor, method, status, url, body, complete, messages] = [
    0,
    0,
    '',
    0,
    '',
    '',
    false,
    0,
  ]
  const headers: string[] = []
  const parser = REUSED
  parser.initialize(kind === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {})
  parser[HTTPParser.kOnMessageBegin] = () => void messages++
  parser[HTTPParser.kOnHeaders] = (batch: string[], path: string) => {
    // Those that come behind the head are trailers.
    if (messages > 1 || major > 0) return
    headers.push(...batch)
    url += path
  }
  parser[HTTPParser.kOnHeadersComplete] = (
    versionMajor: number,
    versionMinor: number,
    last: string[] | undefined,
    methodAt: number,
    path: string,
    code: number,
  ) => {
    if (messages > 1) return 0
    ;[major, minor, status] = [versionMajor, versionMinor, code]
    method = allMethods[methodAt] ?? ''
    headers.push(...(last ?? []))
    url += path ?? ''
    return 0
  }
  parser[HTTPParser.kOnBody] = (part: Buffer) => {
    if (messages === 1) body += part.toString('latin1')
  }
  parser[HTTPParser.kOnMessageComplete] = () => {
    complete ||= messages === 1
  }
  const bytes = Buffer.from(text, 'latin1')
  const read = parser.execute(bytes)
  if (typeof read !== 'number' || messages === 0 || major === 0) return null
  return { method, url, version: `${major}.${minor}`, status, rawHeaders: headers, body, complete }
}

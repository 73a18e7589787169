/** Which fields of a trusted proxy say who the client is. */
export type ForwardedForm = 'x-forwarded' | 'rfc7239'

/** The forms that there are, the default first. */
export const FORWARDED_FORMS: readonly ForwardedForm[] = ['x-forwarded', 'rfc7239']

/** What proxies say of the way that a request has come. Each adds what it has seen on the right. */
export interface Forwarded {
  /** Who came to each proxy; what is no address stands for an element that cannot be read. */
  readonly hops: readonly string[]
  /** The scheme that each has seen. */
  readonly protos: readonly string[]
  /** The host that each was asked for, or the one host that was asked for; empty: not told, or no host. */
  readonly hosts: readonly string[]
  /** The port that was asked for; null: not told. */
  readonly port: string | null
  /** What was taken off the path; empty: nothing. */
  readonly prefix: string
}

/** Reads the fields of a request. */
export type ForwardedReader = (rawHeaders: readonly string[]) => Forwarded

/** The readers of the forms. */
export const FORWARDED_READERS: Readonly<Record<ForwardedForm, ForwardedReader>> = {
  'x-forwarded': readXForwarded,
  rfc7239: readForwarded,
}

/** The fields by their names, for messages. */
export const FORWARDED_FIELDS: Readonly<Record<ForwardedForm, string>> = {
  'x-forwarded': 'X-Forwarded-For',
  rfc7239: 'Forwarded',
}

const HOST = /^[A-Za-z0-9.\-_:[\]]{1,255}$/

function readXForwarded(rawHeaders: readonly string[]): Forwarded {
  const hops: string[] = []
  const protos: string[] = []
  const hosts: string[] = []
  const ports: string[] = []
  const prefixes: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const value = rawHeaders[i + 1] ?? ''
    switch ((rawHeaders[i] ?? '').toLowerCase()) {
      case 'x-forwarded-for':
        // Empty elements are to be borne (RFC 9110 §5.6.1.2), and stand for nobody.
        hops.push(...elementsOf(value))
        break
      case 'x-forwarded-proto':
        protos.push(...elementsOf(value))
        break
      case 'x-forwarded-host':
        hosts.push(value.trim())
        break
      case 'x-forwarded-port':
        ports.push(value.trim())
        break
      case 'x-forwarded-prefix':
        prefixes.push(value.trim())
        break
    }
  }
  const prefix = onlyOne(prefixes, /^(?:\/[A-Za-z0-9\-._~!$&'()*+,=:@]{1,64}){1,16}\/?$/)
  return {
    hops,
    protos,
    hosts: [onlyOne(hosts, HOST) ?? ''],
    port: onlyOne(ports, /^[1-9]\d{0,4}$/),
    prefix: prefix?.replace(/\/$/, '') ?? '',
  }
}

function elementsOf(list: string): string[] {
  return list
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '')
}

/** The value of a field that has exactly one, in a form that can be read; null otherwise. */
function onlyOne(values: readonly string[], form: RegExp): string | null {
  const [value = ''] = values
  return values.length === 1 && form.test(value) ? value : null
}

/** One element of `Forwarded`, by its parameters in lower case; null: it cannot be read. */
type Element = ReadonlyMap<string, string> | null

/** RFC 7239 §4. A line that breaks its grammar anywhere counts as one element that cannot be read. */
function readForwarded(rawHeaders: readonly string[]): Forwarded {
  const elements: Element[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() !== 'forwarded') continue
    elements.push(...(readLine(rawHeaders[i + 1] ?? '') ?? [null]))
  }
  const all = (name: string): string[] => elements.map((element) => element?.get(name) ?? '')
  return {
    // A port may be hidden (§6.3); the address before it is none the less one.
    hops: all('for').map((node) => node.replace(/:_[\w.-]+$/, '')),
    protos: all('proto'),
    hosts: all('host').map((host) => (HOST.test(host) ? host : '')),
    port: null,
    prefix: '',
  }
}

// `:`, `[` and `]` belong into quotes, but many leave those out, and there is one way to read them.
const PAIR =
  /[ \t]*([!#$%&'*+\-.^_`|~\w]+)=(?:([!#$%&'*+\-.^_`|~\w:[\]]+)|"((?:[^"\\]|\\.)*)")[ \t]*/y

/**
 * Reads a line from its beginning to its end. What a client sent stands before what proxies have added, and could begin
 * a quotation that takes theirs in: what follows the next quote then breaks the grammar, so nothing of the line counts.
 */
function readLine(line: string): Element[] | null {
  const elements: Element[] = []
  let element = new Map<string, string>()
  const end = (): void => {
    if (element.size > 0) elements.push(element)
    element = new Map()
  }
  let at = 0
  while (at < line.length) {
    const separator = line[at]
    if (separator === ',' || separator === ' ' || separator === '\t') {
      if (separator === ',') end()
      at++
      continue
    }
    PAIR.lastIndex = at
    const [pair, name = '', plain, quoted = ''] = PAIR.exec(line) ?? []
    if (pair === undefined || element.has(name.toLowerCase())) return null
    element.set(name.toLowerCase(), plain ?? quoted.replace(/\\(.)/g, '$1'))
    at += pair.length
    if (at === line.length || line[at] === ',') continue
    if (line[at] !== ';') return null
    at++
  }
  end()
  return elements
}

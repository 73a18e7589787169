/**
 * How servers may read a path that the gateway forwards as it came and never decodes. Where one of the plausible
 * readings takes another route, the route that was matched is not the one that will be used (CVE-2026-40912,
 * CVE-2021-32779), and the request is refused; where all of them take the same one, its bytes pass.
 *
 * @module
 */

import type { RouteQuestion, RouteTable } from './route-table.ts'

/** What can be read in a second way, apart from case and a final slash. */
const ODD = /[%;\\]|\/\/|[.\s](?:\/|$)/

/** How deep escapes may be nested: `%2541` is two deep. */
const MAX_DEPTH = 2

/** More than any path has that is meant well. */
const MAX_READINGS = 48

const ESCAPES = /(?:%[0-9A-Fa-f]{2})+/g

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const CONTROL = /[\x00-\x1f\x7f]/

const DOT_SEGMENT = /\/\.\.?(?:\/|$)/

/** Longer forms of shorter sequences, and surrogates, which lax decoders of UTF-8 take for `/`, `.` or `\`. */
const OVERLONG = /[\xc0\xc1][\x80-\xbf./\\]|\xe0[\x80-\x9f]|\xed[\xa0-\xbf]|\xf0[\x80-\x8f]/

/** What servers do to a path besides decoding it, in an order in which one thing can bring about the next. */
const STEPS: readonly ((text: string) => string)[] = [
  (text) => text.replace(/\\/g, '/'),
  (text) => text.replace(/[?#].*$/s, ''),
  (text) => text.replace(/;[^/]*/g, ''),
  trimSegments,
  (text) => text.replace(/\/{2,}/g, '/'),
]

/** What is at issue in a path, and where it is found. */
interface Doubt {
  readonly about: RegExp
  readonly because: string
}

const DOUBTS = {
  authority: { about: /\/\//, because: 'begins a path that some servers take for a host' },
  control: { about: /%(?:25)*(?:[01][0-9a-f]|7f)/i, because: 'is a control character' },
  overlong: { about: /%(?:25)*[ce-f][0-9a-f]/i, because: 'is not the one way to say it in UTF-8' },
  depth: { about: /%25(?:25)+/, because: 'is escaped more than twice' },
  dots: {
    about: /(?:\.|%(?:25)*2e)+(?=[/;\\]|%(?:25)*(?:2f|3b|3f|23|5c|20)|$)|%(?:25)*[25][cef]/i,
    because: 'leads to a dot segment, which servers resolve in different ways',
  },
  route: {
    about: /%(?:25)*[0-9a-f]{2}|;|\/\/|[.\s]+(?=\/|$)/i,
    because: 'leads some servers to the path of another route',
  },
  fold: {
    about: /[A-Z]|\/?$/,
    because: 'leads servers that disregard case or a final slash to the path of another route',
  },
  many: { about: /[%;]/, because: 'begins a path that can be read in too many ways' },
} satisfies Record<string, Doubt>

/**
 * What is wrong with a path whose route is known, in a sentence that names the byte and its place; null: nothing.
 *
 * @param strip What will be taken off its front.
 * @param keepsPaths Whether the path is sent on as it came, so that a segment `.` leads nowhere else.
 */
export function objectionToPath<Route>(
  asked: RouteQuestion,
  route: Route | null,
  strip: string,
  table: RouteTable<Route>,
  keepsPaths: boolean = false,
): string | null {
  if (!asked.path.includes('/./')) return objectionTo(asked, route, strip, table)
  const question = reread(asked, asked.path.replace(SINGLE_DOTS, '/'))
  if (!keepsPaths || table.find(question) !== route) return sentence(asked.path, DOUBTS.dots)
  return objectionTo(question, route, strip, table)
}

const SINGLE_DOTS = /\/(?:\.\/)+/g

function objectionTo<Route>(
  question: RouteQuestion,
  route: Route | null,
  strip: string,
  table: RouteTable<Route>,
): string | null {
  const { path } = question
  if (!ODD.test(path)) {
    return isFoldedAlike(question, route, table) ? null : sentence(path, DOUBTS.fold)
  }
  // Before anything is decoded, a URL may be made from it: `//evil/x` has a host.
  if (path.startsWith('//', strip.length)) return sentence(path, DOUBTS.authority)
  const doubt = doubtAbout(question, route, table)
  return doubt === null ? null : sentence(path, doubt)
}

function doubtAbout<Route>(
  question: RouteQuestion,
  route: Route | null,
  table: RouteTable<Route>,
): Doubt | null {
  let texts: ReadonlySet<string> = new Set([question.path])
  for (let depth = 0; ; depth++) {
    const readings = new Set<string>()
    for (const text of texts) addReadings(text, readings)
    if (readings.size > MAX_READINGS) return DOUBTS.many
    const decoded = new Set<string>()
    for (const path of readings) {
      if (CONTROL.test(path)) return DOUBTS.control
      if (DOT_SEGMENT.test(path)) return DOUBTS.dots
      const read = reread(question, path)
      if (table.find(read) !== route) return DOUBTS.route
      if (!isFoldedAlike(read, route, table)) return DOUBTS.fold
      const text = decodeOnce(path)
      if (text === null) return DOUBTS.overlong
      if (text !== path) decoded.add(text)
    }
    if (decoded.size === 0) return null
    if (depth === MAX_DEPTH) return DOUBTS.depth
    texts = decoded
  }
}

function addReadings(text: string, all: Set<string>): void {
  let readings = [text]
  for (const step of STEPS) {
    const others = readings.map(step).filter((other) => !readings.includes(other))
    readings = [...readings, ...new Set(others)]
    // What is already refused need not be read on.
    if (readings.length > MAX_READINGS) break
  }
  for (const reading of readings) all.add(reading)
}

/** Whether a server that does not regard case, or a final slash, or neither, sees the same route. */
function isFoldedAlike<Route>(
  question: RouteQuestion,
  route: Route | null,
  table: RouteTable<Route>,
): boolean {
  // What takes no route goes nowhere, however it is read.
  if (route === null) return true
  const { path } = question
  const isAlike = (other: Route | null): boolean => other === null || !table.outranks(other, route)
  const folds = table.caseMatters(path)
  if (folds && !isAlike(table.findFolded(question))) return false
  if (!table.slashMatters) return true
  const turned = reread(question, path.endsWith('/') ? path.slice(0, -1) : `${path}/`)
  return isAlike(table.find(turned)) && (!folds || isAlike(table.findFolded(turned)))
}

function reread({ method, hostName }: RouteQuestion, path: string): RouteQuestion {
  return { method, hostName, path }
}

/** Takes dots and blanks off the ends of segments, as file systems and frameworks do. */
function trimSegments(text: string): string {
  if (!/[.\s](?:\/|$)/.test(text)) return text
  return text.split('/').map(trimmed).join('/')
}

/** Not by an expression that looks for its end from each place anew. */
function trimmed(segment: string): string {
  const text = segment.trimEnd()
  if (text === '.' || text === '..') return text
  let end = text.length
  while (end > 0 && /[.\s]/.test(text.charAt(end - 1))) end--
  return text.slice(0, end)
}

/** Decodes every whole escape; bytes that are no UTF-8 as Latin-1. Null: they only look like another character. */
function decodeOnce(text: string): string | null {
  let overlong = false
  const decoded = text.replace(ESCAPES, (escapes) => {
    try {
      return decodeURIComponent(escapes)
    } catch {
      const bytes = Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('latin1')
      overlong ||= OVERLONG.test(bytes)
      return bytes
    }
  })
  return overlong ? null : decoded
}

function sentence(path: string, { about, because }: Doubt): string {
  const match = about.exec(path)
  const found = match?.[0] ?? ''
  const what = found === '' ? 'the end of the path' : `"${found.slice(0, 12)}"`
  return `The path can be read in more than one way: ${what} at byte ${(match?.index ?? 0) + 1} ${because}.`
}

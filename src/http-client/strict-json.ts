const DEFAULT_DEPTH = 16

/**
 * Parses JSON that a decision rests on. Throws a `SyntaxError` for everything that two readers might read in two ways,
 * or that costs more than it says: invalid UTF-8, a byte order mark, one key twice in an object (RFC 8259, §4),
 * nesting deeper than `maxDepth` (16). The message never quotes the text.
 */
export function parseStrictJson(bytes: Uint8Array, maxDepth: number = DEFAULT_DEPTH): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new SyntaxError('not UTF-8')
  }
  checkStructure(text, maxDepth)
  return parseJson(text)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The message of JSON.parse quotes the text.
    throw new SyntaxError('not JSON')
  }
}

// One linear pass that need not understand JSON: what is malformed goes wrong in JSON.parse, after this bound on depth.
function checkStructure(text: string, maxDepth: number): void {
  const open: (Set<string> | null)[] = []
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]
    if (character === '{' || character === '[') {
      if (open.length === maxDepth) throw new SyntaxError(`nested deeper than ${maxDepth}`)
      open.push(character === '{' ? new Set() : null)
    } else if (character === '}' || character === ']') {
      open.pop()
    } else if (character === '"') {
      const end = endOfString(text, at)
      if (isKey(text, end)) addKey(open.at(-1), text.slice(at, end))
      at = end - 1
    }
  }
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

function isKey(text: string, at: number): boolean {
  let next = at
  while (next < text.length && ' \t\r\n'.includes(text.charAt(next))) next += 1
  return text[next] === ':'
}

function addKey(keys: Set<string> | null | undefined, literal: string): void {
  // An escape can spell one key in many ways.
  const key = literal.includes('\\') ? String(parseJson(literal)) : literal.slice(1, -1)
  if (keys?.has(key) === true) throw new SyntaxError('one key twice in an object')
  keys?.add(key)
}

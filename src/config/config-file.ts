import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import type { Document, Node, Pair, YAMLError, YAMLMap } from 'yaml'
import type { Finding, SettingPath } from './problems.ts'

/** 1-based. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** A configuration file, read but not judged. */
export interface ConfigFile {
  /** What it says; undefined where it could not be read, null where it is empty. */
  readonly value: unknown
  /** What keeps it from being read at all, each with its position. */
  readonly faults: readonly (Finding & { position: Position })[]
  /** Where a setting stands, or the nearest one around it that the file has. */
  positionOf(path: SettingPath, atKey?: boolean): Position
}

const LARGEST_FILE_BYTES = 1024 * 1024

/** Enough for anchors written by hand; a document that multiplies itself is refused. */
const MOST_ALIASES = 100

/** Reads a YAML 1.2 file (JSON is a subset of it). Whatever is wrong with it becomes a fault, never an exception. */
export async function readConfigFile(name: string): Promise<ConfigFile> {
  try {
    const bytes = await readFile(name)
    if (bytes.length > LARGEST_FILE_BYTES) {
      return unreadable(`is larger than ${LARGEST_FILE_BYTES} bytes; this is no configuration file`)
    }
    return parseConfig(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    return unreadable(`cannot be read: ${reasonOf(error)} (${resolve(name)})`)
  }
}

/** Reads the text of a configuration file. */
export function parseConfig(text: string): ConfigFile {
  const lines = new LineCounter()
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    merge: true,
    logLevel: 'error',
  })
  const faults = [...document.errors, ...document.warnings].map((error) => ({
    path: [],
    message: wordingOf(error),
    position: positionAt(error.pos[0]),
  }))
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return
      const message = `the alias *${alias.source} has no anchor &${alias.source} before it`
      faults.push({ path: [], message, position: positionAt(alias.range?.[0] ?? 0) })
    },
  })
  if (faults.length > 0) return { ...unreadable(''), faults }
  try {
    return {
      value: document.toJS({ maxAliasCount: MOST_ALIASES }) as unknown,
      faults,
      positionOf: (path, atKey = false) => positionAt(offsetOf(document, path, atKey)),
    }
  } catch (error) {
    return unreadable(`cannot be read: ${reasonOf(error)}`)
  }
}

function unreadable(message: string): ConfigFile {
  const start = { line: 1, column: 1 }
  return {
    value: undefined,
    faults: [{ path: [], message, position: start }],
    positionOf: () => start,
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES') return 'permission denied'
  if (code === 'EISDIR') return 'it is a directory'
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'it is not UTF-8 text'
  return message
}

const WORDINGS: Partial<Record<YAMLError['code'], string>> = {
  DUPLICATE_KEY: 'the key occurs a second time; keep one of them',
  MULTIPLE_DOCS: 'a second document begins here; a configuration is one document',
  NON_STRING_KEY: 'a key must be plain text',
  TAB_AS_INDENT: 'a tab is used for indentation; YAML wants spaces',
  TAG_RESOLVE_FAILED: 'tags (!…) are not supported',
}

function wordingOf(error: YAMLError): string {
  return WORDINGS[error.code] ?? `cannot be read as YAML: ${error.message.split('\n')[0]}`
}

function offsetOf(document: Document, path: SettingPath, atKey: boolean): number {
  let node = document.contents as Node | null
  let offset = node?.range?.[0] ?? 0
  for (const [index, part] of path.entries()) {
    const last = index === path.length - 1
    if (isMap(node)) {
      const pair = pairOf(document, node, part)
      if (pair === undefined) return offset
      const key = (pair.key as Node).range?.[0] ?? offset
      offset = last && !atKey ? (valueOffset(pair) ?? key) : key
      node = followAlias(document, pair.value as Node | null)
    } else if (isSeq(node)) {
      const item = node.items[Number(part)] as Node | undefined
      if (item === undefined) return offset
      offset = item.range?.[0] ?? offset
      node = followAlias(document, item)
    } else {
      return offset
    }
  }
  return offset
}

/** How deep maps are merged into each other at most. */
const DEEPEST = 8

/** The pair of a key: of the map itself, or of one that is merged into it (`<<`). */
function pairOf(document: Document, map: YAMLMap, key: unknown, depth = 0): Pair | undefined {
  const own = map.items.find((pair) => isScalar(pair.key) && pair.key.value === key)
  // What merges itself has no end.
  if (own !== undefined || depth > DEEPEST) return own
  for (const pair of map.items) {
    if (!isScalar(pair.key) || pair.key.source !== '<<') continue
    const merged = followAlias(document, pair.value as Node | null)
    for (const source of isSeq(merged) ? merged.items : [merged]) {
      const inner = followAlias(document, source as Node | null)
      const found = isMap(inner) ? pairOf(document, inner, key, depth + 1) : undefined
      if (found !== undefined) return found
    }
  }
  return undefined
}

/** Where the value of a pair begins; undefined for an empty value, whose key says more. */
function valueOffset(pair: Pair): number | undefined {
  const value = pair.value as Node | null
  if (isScalar(value) && value.value === null && value.source === '') return undefined
  return value?.range?.[0]
}

function followAlias(document: Document, node: Node | null): Node | null {
  return node !== null && 'resolve' in node ? (node.resolve(document) ?? null) : node
}

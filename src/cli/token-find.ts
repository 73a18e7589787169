import { lstat, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

import type { Token } from '../token/index.ts'
import { MAX_TOKEN_OCTETS, parseToken, serializeSubject } from '../token/index.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { UsageError } from './failure.ts'
import { columns } from './terminal.ts'

/** A token that lies in a file. */
interface Found {
  readonly file: string
  readonly line: number
  readonly token: Token
}

/** `onegate token find` */
export const findCommand: Command = {
  name: 'token find',
  usage: ['[--json] PATH…'],
  about: `Finds tokens that lie in files: in repositories, notebooks, logs. Says where, and whose they are and until when,
but never the token itself. Folders are searched through, .git with them; what is packed there is not unpacked. As a
pre-commit hook, give it the files that are about to be committed.`,
  refusal: null,
  options: { json: { help: 'Print one line of JSON for each token.' } },
  exits: [
    [EXIT.ok, 'there is none'],
    [EXIT.failure, 'there is at least one'],
  ],
  examples: [
    'onegate token find .',
    'git diff --cached --name-only -z | xargs -0 onegate token find',
  ],

  async run(args, terminal) {
    if (args.operands.length === 0)
      throw new UsageError('say where to look: give at least one PATH')
    const found: Found[] = []
    for (const path of args.operands) await search(path, (each) => found.push(each))
    if (args.has('json')) {
      for (const each of found) terminal.print(JSON.stringify(described(each)))
    } else {
      const rows = found
        .map(described)
        .map(({ place, fingerprint, subject, expires }) => [
          place,
          fingerprint,
          subject,
          expires === null ? 'never ends' : `until ${expires}`,
        ])
      for (const line of columns(rows)) terminal.print(line)
    }
    return found.length === 0 ? EXIT.ok : EXIT.failure
  },
}

function described({ file, line, token }: Found) {
  const { fingerprint, subject, kind, validUntil } = token
  return {
    place: `${file}:${line}`,
    fingerprint,
    subject: serializeSubject(subject),
    kind,
    expires: validUntil === null ? null : new Date(validUntil * 1000).toISOString(),
  }
}

async function search(path: string, onFound: (found: Found) => void): Promise<void> {
  const stats = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${path} cannot be read (${error.code ?? 'unknown'})`)
  })
  if (stats.isDirectory()) {
    for (const name of (await readdir(path)).sort()) await search(join(path, name), onFound)
  } else if (stats.isFile()) {
    await searchFile(path, onFound)
  }
}

/**
 * What every token begins with: base64 of the length of its first packet, and `location`; the alphabet of Onedata
 * doubles each zero.
 */
const CANDIDATE = /MDA[0-9A-Za-z]{3,6}xvY2F00?aW9uI[0-9A-Za-z_-]{40,}={0,2}/g

const CHUNK_BYTES = 1024 * 1024

/** Reads a file in pieces that overlap by as much as a token can be long. */
async function searchFile(file: string, onFound: (found: Found) => void): Promise<void> {
  const handle = await open(file)
  try {
    const buffer = Buffer.alloc(CHUNK_BYTES)
    let text = ''
    let line = 1
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES)
      text += buffer.toString('latin1', 0, bytesRead)
      const isLast = bytesRead === 0
      const end = isLast ? text.length : Math.max(0, text.length - MAX_TOKEN_OCTETS)
      let counted = 0
      for (const match of text.matchAll(CANDIDATE)) {
        if (match.index >= end) break
        line += linesIn(text.slice(counted, match.index))
        counted = match.index
        const token = tokenIn(match[0])
        if (token !== null) onFound({ file, line, token })
      }
      line += linesIn(text.slice(counted, end))
      text = text.slice(end)
      if (isLast) return
    }
  } finally {
    await handle.close()
  }
}

function linesIn(text: string): number {
  return text.split('\n').length - 1
}

function tokenIn(text: string): Token | null {
  try {
    return parseToken(text)
  } catch {
    return null
  }
}

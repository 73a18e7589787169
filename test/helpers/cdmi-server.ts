import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join, relative, resolve } from 'node:path'

import { readBody, startHttpServer } from './http-server.ts'

/** Id of an object as CDMI has it: a header whose checksum nobody compares, and what names file and space. */
export const objectId = (uuid: string, space: string, kind = 'guid'): string =>
  `${'00'.repeat(8)}${Buffer.from([kind, uuid, space].join('#')).toString('hex')}`

/**
 * A small CDMI server over a directory, as careless as servers are: it resolves dots after it has decoded, obeys fields
 * that override method and target, and copies from wherever a field, a query or a body says. By path at
 * `/cdmi/<space>/…`, by id, and below it, at `/cdmi/cdmi_objectid/<id>/…`.
 *
 * @param files Where each object lies, by its id.
 */
export async function startCdmiServer(root: string, files: Readonly<Record<string, string>>) {
  /** Every file or directory that a request has read, written or removed, relative to the root. */
  const touched: string[] = []
  const touch = (path: string): string => {
    const file = resolve(root, `.${resolve('/', path)}`)
    touched.push(relative(root, file))
    return file
  }
  const placeOf = (target: string): string => {
    const path = decodeURIComponent(target.split(/[?#]/, 1)[0] ?? '').replace(/^\/cdmi\//, '/')
    const [, id, rest] = /^\/cdmi_objectid\/([^/]+)(.*)$/.exec(path) ?? []
    return id === undefined ? path : `${files[id] ?? '/none'}${rest}`
  }
  const read = (path: string): Buffer => {
    const file = touch(path)
    return statSync(file).isDirectory()
      ? Buffer.from(JSON.stringify({ children: readdirSync(file) }))
      : readFileSync(file)
  }
  const write = (path: string, value: Buffer | string): void => {
    const file = touch(path)
    mkdirSync(join(file, '..'), { recursive: true })
    writeFileSync(file, value)
  }

  /** What is done for a request; what it answers. */
  function serve(request: IncomingMessage, body: string): Buffer | string {
    const { headers } = request
    const field = (name: string): string | undefined => [headers[name]].flat()[0]
    const overridden = ['x-http-method-override', 'x-http-method', 'x-method-override']
    const method = overridden.map(field).find((name) => name) ?? request.method ?? ''
    const target = field('x-original-url') ?? field('x-rewrite-url') ?? request.url ?? ''
    const place = placeOf(target)
    const query = new URLSearchParams((target.split('?')[1] ?? '').replaceAll(';', '&'))
    const elsewhere = query.get('path') ?? query.get('objectid')
    if (elsewhere !== null) return read(placeOf(elsewhere))
    const pathOf = (url: string): string => placeOf(new URL(url, 'http://cdmi').pathname)
    switch (method) {
      case 'GET':
      case 'HEAD':
      case 'PROPFIND': {
        const found = read(place)
        const listed = method === 'PROPFIND' && !/^[01]$/.test(field('depth') ?? '')
        if (listed)
          for (const name of readdirSync(root, { recursive: true })) touch(`/${String(name)}`)
        return found
      }
      case 'PUT':
      case 'POST': {
        const type = field('content-type') ?? ''
        const source = field('x-amz-copy-source') ?? field('content-location')
        if (source !== undefined) write(place, read(pathOf(source)))
        else if (type.startsWith('application/cdmi-')) {
          const { copy, move, value = '' } = JSON.parse(body) as Record<string, string>
          const from = copy ?? move
          write(place, from === undefined ? value : read(pathOf(from)))
          if (move !== undefined) rmSync(touch(pathOf(move)))
        } else if (type.startsWith('multipart/')) {
          for (const [, name = ''] of body.matchAll(/filename="([^"]*)"/g)) write(name, 'part')
        } else write(place, body)
        return 'written'
      }
      case 'COPY':
      case 'MOVE':
        write(pathOf(field('destination') ?? ''), read(place))
        return 'copied'
      case 'DELETE':
        rmSync(touch(place), { recursive: true })
        return 'removed'
      default:
        return 'nothing'
    }
  }

  const { url } = await startHttpServer(async (request, response) => {
    const body = await readBody(request)
    try {
      response.end(serve(request, body))
    } catch {
      response.writeHead(404).end()
    }
  })
  return { url, touched }
}

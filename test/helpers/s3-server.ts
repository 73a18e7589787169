import { createHash, createHmac } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

import { startHttpServer } from './http-server.ts'

/** What {@link startS3Server} knows its clients by. */
export const S3_KEYS = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMIexamplekey' } as const

/**
 * An S3 server of one bucket, which knows whether a request has come as it was signed (AWS Signature Version 4): every
 * byte of path, query and signed fields.
 */
export async function startS3Server(): Promise<{
  url: string
  objects: Map<string, Buffer>
  refused: string[]
}> {
  const objects = new Map<string, Buffer>()
  const refused: string[] = []
  const { url } = await startHttpServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const chunk of request) parts.push(chunk as Buffer)
    const body = Buffer.concat(parts)
    if (!isSigned(request)) {
      refused.push(`${request.method} ${request.url}`)
      response.writeHead(403).end()
      return
    }
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://s3.test')
    const key = decodeURIComponent(pathname).replace(/^\/bucket\/?/, '')
    if (request.method === 'PUT') {
      if (key !== '') objects.set(key, body)
      response.writeHead(200, { ETag: etagOf(body) }).end()
    } else if (key === '') {
      const prefix = searchParams.get('prefix') ?? ''
      const listed = [...objects].filter(([name]) => name.startsWith(prefix))
      response.writeHead(200, { 'Content-Type': 'application/xml' })
      response.end(listing(listed, searchParams.get('encoding-type') === 'url'))
    } else {
      const object = objects.get(key)
      const fields = { ETag: etagOf(object ?? body), 'Last-Modified': new Date(0).toUTCString() }
      if (object === undefined) response.writeHead(404).end()
      else if (request.method === 'HEAD') {
        response.writeHead(200, { ...fields, 'Content-Length': object.length }).end()
      } else response.writeHead(200, fields).end(object)
    }
  })
  return { url, objects, refused }
}

function etagOf(body: Buffer): string {
  return `"${createHash('md5').update(body).digest('hex')}"`
}

function escapeXml(character: string): string {
  return `&#${character.charCodeAt(0)};`
}

function listing(objects: readonly (readonly [string, Buffer])[], encoded: boolean): string {
  const contents = objects.map(([name, body]) => {
    const key = encoded ? encodeURIComponent(name) : name.replace(/[&<>"]/g, escapeXml)
    return `<Contents><Key>${key}</Key><Size>${body.length}</Size><ETag>${etagOf(body)}</ETag><LastModified>1970-01-01T00:00:00.000Z</LastModified></Contents>`
  })
  return `<?xml version="1.0"?><ListBucketResult><Name>bucket</Name><IsTruncated>false</IsTruncated>${encoded ? '<EncodingType>url</EncodingType>' : ''}${contents.join('')}</ListBucketResult>`
}

const SIGNATURE =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]+)$/

function isSigned(request: IncomingMessage): boolean {
  const { method = '', url = '', headers } = request
  const [, id, scope = '', signed = '', signature] =
    SIGNATURE.exec(headers.authorization ?? '') ?? []
  if (id !== S3_KEYS.id) return false
  const [path = '', query = ''] = url.split('?')
  const canonical = [
    method,
    path,
    query
      .split('&')
      .map((pair) => (pair === '' || pair.includes('=') ? pair : `${pair}=`))
      .sort()
      .join('&'),
    ...signed.split(';').map((name) => `${name}:${String(headers[name] ?? '').trim()}`),
    '',
    signed,
    String(headers['x-amz-content-sha256']),
  ].join('\n')
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
  const toSign = ['AWS4-HMAC-SHA256', String(headers['x-amz-date']), scope, sha256(canonical)].join(
    '\n',
  )
  let key: Buffer = Buffer.from(`AWS4${S3_KEYS.secret}`)
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest()
  return createHmac('sha256', key).update(toSign).digest('hex') === signature
}

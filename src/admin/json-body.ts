import { isJsonObject, type JsonObject } from '../json.ts'
import { ProblemError } from './problem.ts'

const MAX_BODY_BYTES = 16 * 1024

/**
 * Reads a body of JSON, which must be an object. That it must be declared as JSON keeps forms of foreign web pages out,
 * which browsers send without asking.
 *
 * @throws {ProblemError} 400, 413 or 415.
 */
export async function readJsonBody(request: Request): Promise<JsonObject> {
  const type = request.headers.get('Content-Type') ?? ''
  if (!/^application\/json *(?:;|$)/i.test(type)) {
    throw new ProblemError(415, 'Send a JSON object as Content-Type: application/json')
  }
  const text = await readText(request.body)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new ProblemError(400, 'The body is no JSON')
  }
  if (!isJsonObject(value)) {
    throw new ProblemError(400, 'The body must be a JSON object')
  }
  return value
}

async function readText(body: ReadableStream<Uint8Array> | null): Promise<string> {
  if (body === null) return ''
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.byteLength
    if (length > MAX_BODY_BYTES) {
      throw new ProblemError(413, `The body is longer than ${MAX_BODY_BYTES} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

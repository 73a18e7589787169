import { isJsonObject, type JsonObject } from '../json.ts'
import { ProblemError } from './problem.ts'

const MAX_BODY_BYTES = 16 * 1024

/** How long a body of that size may take. */
const BODY_MS = 5_000

/**
 * Reads a body of JSON, which must be an object. That it must be declared as JSON keeps forms of foreign web pages out,
 * which browsers send without asking.
 *
 * @throws {ProblemError} 400, 408, 413 or 415.
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
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    void reader.cancel().catch(() => {})
  }, BODY_MS)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (isLate) throw new ProblemError(408, `The body did not come within ${BODY_MS / 1000} s`)
      if (done) return Buffer.concat(chunks).toString('utf8')
      length += value.byteLength
      if (length > MAX_BODY_BYTES) {
        throw new ProblemError(413, `The body is longer than ${MAX_BODY_BYTES} bytes`)
      }
      chunks.push(value)
    }
  } finally {
    clearTimeout(timer)
  }
}

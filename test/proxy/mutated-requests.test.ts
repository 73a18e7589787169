import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { expectAlive, startBench } from '../helpers/proxy-rows.ts'
import { openRawClient } from '../helpers/raw-client.ts'

const H = 'Host: gw.test\r\n'

describe('S-108 a mutated request', () => {
  /** Deletes, repeats or replaces a piece. */
  const mutation = fc.tuple(
    fc.nat(400),
    fc.nat(3),
    fc.constantFrom(
      '',
      '\r\n',
      '\r',
      '\n',
      '\0',
      ':',
      '\t',
      ' ',
      ';',
      '%',
      '..',
      '/',
      '0',
      H,
      'Content-Length: 3\r\n',
      'Transfer-Encoding: chunked\r\n',
    ),
  )
  const seed = fc.constantFrom(
    `GET /pub/a?b HTTP/1.1\r\n${H}X-A: b\r\n\r\n`,
    `POST /pub/a HTTP/1.1\r\n${H}Content-Length: 3\r\n\r\nabc`,
    `POST /pub/a HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
    `GET /app/a HTTP/1.1\r\n${H}X-Onedata-Subject-Id: EVILSUBJ\r\n\r\n`,
  )

  test('reaches the upstream as one whole request, under the prefix of its route, or not at all', async () => {
    const bench = await startBench()
    await fc.assert(
      fc.asyncProperty(
        seed,
        fc.array(mutation, { minLength: 1, maxLength: 3 }),
        async (text, mutations) => {
          const bytes = mutations.reduce<string>(
            (all, [at, length, piece]) =>
              all.slice(0, at % all.length) + piece + all.slice((at % all.length) + length),
            text,
          )
          const client = await openRawClient(bench.rig.port)
          client.send(bytes)
          await Promise.race([
            client.until('HTTP/1.1 '),
            new Promise((resolve) => setTimeout(resolve, 30)),
          ])
          client.socket.destroy()
        },
      ),
      { numRuns: 400 },
    )
    expect(bench.upstream.requests.length).toBeGreaterThan(5)
    const framing = /^[A-Z-]+ \/pub(?:[/?][^ #]*)? HTTP\/1\.1$/
    for (const request of bench.upstream.requests) {
      expect(request.line).toMatch(framing)
      expect(request.values('host')).toHaveLength(1)
      expect(
        request.values('content-length').length + request.values('transfer-encoding').length,
      ).toBeLessThanOrEqual(1)
    }
    expect(bench.upstream.bytes.join('')).not.toContain('EVILSUBJ')
    await expectAlive(bench)
  })
})

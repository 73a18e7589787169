import { OnezoneFaultError } from '../../src/errors.ts'
import { readAnswer } from '../../src/http-client/answer.ts'
import { ONEZONE } from '../../src/onezone/onezone-peer.ts'
import { readErrorBody, readVerifiedToken } from '../../src/onezone/wire.ts'
import { expectThat } from './expect-that.ts'
import type { Target } from './target.ts'

const CALL = {
  operation: 'verifyAccessToken',
  refusals: [400],
  readError: (body: Parameters<typeof readErrorBody>[0] | null) =>
    body === null ? undefined : readErrorBody(body),
  blamesUs: () => null,
  read: readVerifiedToken,
}

const CONTEXT = { origin: 'https://onezone.test', peer: ONEZONE, nowMs: 1_900_000_000_000 }

/** Answers of Onezone to the question whether a token is good. */
export const onezoneTarget: Target = {
  name: 'onezone',
  corpus: [
    '{"subject":{"type":"user","id":"alice"},"ttl":3600}',
    '{"subject":{"type":"oneprovider","id":"p1"},"ttl":null}',
    '{ "ttl" : 5 , "subject" : { "id" : "CANARY", "type" : "user" } }',
    '{"error":{"id":"tokenRevoked","description":"The token has been revoked."}}',
    '{"error":{"id":"badValueToken","details":{"key":"token","tokenError":{"id":"tokenInvalid"}}}}',
    '{"error":{"id":"tokenCaveatUnverified","details":{"caveat":{"type":"time","validUntil":1}}}}',
  ],
  words: [
    '"subject":',
    '"type":"user"',
    '"id":"bob"',
    '"ttl":',
    '"error":',
    'null',
    '1e400',
    '-5',
    '"\\u0000"',
    '"\\ud800"',
    '{"subject":{"type":"user","id":"alice"},"ttl":1}',
    ',"subject":{"type":"user","id":"eve"}',
    '"__proto__":{"a":1}',
    '[[[[[[[[[[[[[[[[[[',
    '\xef\xbb\xbf',
    '\\u0073ubject',
  ],
  run(text, random) {
    const body = Buffer.from(text, 'latin1')
    const status = random.pick([200, 200, 200, 400, 400, 401, 503, 301])
    const headers = {
      'content-type': random.pick(['application/json', 'application/json', 'text/html', undefined]),
      'content-encoding': random.pick([undefined, undefined, undefined, 'gzip']),
      'retry-after': random.pick([undefined, '2', 'x', text.slice(0, 9)]),
    }
    try {
      const answer = readAnswer(CALL, { status, headers, body }, CONTEXT)
      if (!answer.ok) {
        expectThat(status === 400, 'a refusal of another status')
        expectThat(/^[A-Za-z]\w{0,63}$/.test(answer.error.id), 'an odd id of an error')
        return 'a refusal'
      }
      const { subject, ttl } = answer.result
      const parsed = JSON.parse(body.toString()) as { subject: { id: string; type: string } }
      expectThat(status === 200 && headers['content-type'] === 'application/json', 'an odd grant')
      expectThat(parsed.subject.id === subject.id, 'a grant for another')
      expectThat(parsed.subject.type === subject.type, 'a grant for another kind')
      expectThat(/^[!-~]{1,256}$/.test(subject.id), 'a grant for an odd id')
      expectThat(!('error' in parsed), 'a grant with an error')
      expectThat(ttl === null || ttl >= 0, 'an odd life')
      return `a grant for a ${subject.type}`
    } catch (error) {
      expectThat(error instanceof OnezoneFaultError, `it throws ${String(error)}`)
      expectThat(!error.message.includes('CANARY'), 'a message repeats the answer')
      return error.message.replace(/^.*?(?:answered \d+|onezone\.test)/, '').slice(0, 60)
    }
  },
}

import { expect, test } from 'vitest'

import { DIALECT_NAMES } from '../../src/forward-auth/index.ts'
import { describeRequest, ROUTES, startForwardAuthRig } from '../helpers/forward-auth-rig.ts'

// A refusal says itself once more in X-Onegate-Problem, for nginx. A browser's is a page, of several lines and with
// characters that no header field can carry: to write it was an uncaught exception, by which the process ended.

test.each([true, false])(
  'a browser that a front proxy asks about gets its page, fast lane: %s, and the field has the document',
  async (fastLane) => {
    const more = `forwardAuth: { listen: '127.0.0.1:0', clientAddress: unknown-allowed }\nfastLane: ${fastLane}\n`
    const { ask, token } = await startForwardAuthRig(ROUTES, { more })
    for (const dialect of DIALECT_NAMES) {
      const [path, fields] = describeRequest(dialect)
      const accept = ['Accept', 'text/html,application/xhtml+xml;q=0.9']
      const refused = await ask(path, [...fields, ...accept])
      expect(refused.headers['content-type'], dialect).toBe('text/html; charset=utf-8')
      expect(refused.body).toContain('<!doctype html>')
      const problem = String(refused.headers['x-onegate-problem'])
      expect(problem).toMatch(/^[\x20-\x7e]+$/)
      expect(JSON.parse(problem)).toMatchObject({ status: 401, code: 'credentials_missing' })

      const granted = await ask(path, [...fields, ...accept, 'X-Auth-Token', token])
      expect(granted.status).toBe(200)
    }
  },
)

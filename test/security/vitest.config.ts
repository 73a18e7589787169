import { defineConfig } from 'vitest/config'

import base from '../vitest.config.ts'

/** Tests elsewhere that show cases of the bar, and say so in their titles. */
const ELSEWHERE: readonly string[] = [
  'test/cli/serve.test.ts',
  'test/e2e/gateway.test.ts',
  'test/e2e/log.test.ts',
  'test/e2e/reload.test.ts',
  'test/e2e/settings.test.ts',
  'test/e2e/shutdown.test.ts',
  'test/e2e/streams.test.ts',
  'test/e2e/tls.test.ts',
  'test/e2e/upstreams.test.ts',
  'test/http-client/exchange.test.ts',
  'test/http-client/name-lookup.test.ts',
  'test/http-client/tls.test.ts',
  'test/http-client/transport.test.ts',
  'test/listener/half-close.test.ts',
  'test/listener/http2-limits.test.ts',
  'test/listener/http2-malformed.test.ts',
  'test/middleware/onedata-auth.test.ts',
  'test/proxy/forward.test.ts',
  'test/proxy/mutated-requests.test.ts',
  'test/proxy/response-fields.test.ts',
  'test/proxy/reverse-proxy.test.ts',
  'test/proxy/trace.test.ts',
  'test/proxy/websocket-handshake.test.ts',
  'test/proxy/websocket-revocation.test.ts',
  'test/proxy/websocket.test.ts',
  'test/regression/left-alone-after-429.test.ts',
  'test/regression/one-address-takes-everything.test.ts',
  'test/regression/own-queue-opens-the-breaker.test.ts',
  'test/upstream/connections.test.ts',
  'test/regression/clock-set-unseen.test.ts',
  'test/regression/odd-user-id.test.ts',
  'test/verification/inference.test.ts',
  'test/verification/one-call-per-family.test.ts',
]

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/security/**/*.test.ts', ...ELSEWHERE],
    testNamePattern: /\b[SR]-[A-Z]?\d+\b/,
    typecheck: { enabled: false },
    reporters: ['default', './test/security/held-table.ts'],
  },
})

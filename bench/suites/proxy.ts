import { LOAD_COLUMNS, LOAD_PROGRAM } from '../load/measure-load.ts'
import { assertSmallAnswer } from '../proxy/checks.ts'
import { hitRow, missRow, openRow, SLOW_MS } from '../proxy/gateway-rows.ts'
import { openPeerRows } from '../proxy/peer-rows.ts'
import { CONNECTIONS, ROW, underLoad } from '../proxy/rows.ts'
import { openOnStage } from '../proxy/stage.ts'
import type { Stage } from '../proxy/stage.ts'
import type { OpenSuite, Suite } from '../suite.ts'

const CPU = 'cpuMicros'

/** A small JSON answer through the gateway and through others, with and without authentication, and past them all. */
export const proxySuite: Suite = {
  name: 'proxy',
  about: `a small JSON answer over ${CONNECTIONS} connections, past and through gateways, with and without authentication`,
  columns: LOAD_COLUMNS,
  ratios: [
    { title: 'CPU ÷ nginx auth', column: CPU, to: ROW.nginx },
    { title: 'requests/s ÷ nginx auth', column: 'requestsPerSecond', to: ROW.nginx },
  ],
  comparisons: [
    { title: 'noise: CPU of the same twice', column: CPU, of: ROW.again, to: ROW.open },
    { title: 'auth: CPU', column: CPU, of: ROW.hit, to: ROW.open, goal: { atMost: 1.03 } },
    { title: 'auth: requests/s', column: 'requestsPerSecond', of: ROW.hit, to: ROW.open },
    { title: 'access log of refusals: CPU', column: CPU, of: ROW.hit, to: ROW.unlogged },
    { title: 'access log of all: CPU', column: CPU, of: ROW.logged, to: ROW.unlogged },
    { title: 'CPU', column: CPU, of: ROW.hit, to: ROW.nginx, goal: { atMost: 1 } },
    { title: 'CPU of nginx', column: CPU, of: ROW.asked, to: ROW.nginx },
    { title: 'CPU', column: CPU, of: ROW.hono, to: ROW.hit, goal: { atLeast: 8 } },
    { title: 'CPU', column: CPU, of: ROW.fastify, to: ROW.hit, goal: { atLeast: 2 } },
    { title: 'p99', column: 'p99Ms', of: ROW.hit, to: ROW.nginx, goal: { atMost: 1.5 } },
  ],
  seconds: 16,
  rounds: 16,
  warmUpSeconds: 4,
  quick: { seconds: 4, rounds: 4, warmUpSeconds: 2 },
  open: (product) => openOnStage(product, openProxySuite),
}

async function openProxySuite(stage: Stage): Promise<Omit<OpenSuite, 'close'>> {
  // With and without authentication are two routes of one process: two processes of one program differ by several per
  // cent in how the compiler and the memory happened to fall. One of the two is there twice, which shows the noise.
  const { upstream, upstreamUrl, product } = stage
  const direct = `${upstreamUrl}/files/1`
  const start = async (log = {}) =>
    stage.startGateway(await stage.openOnezone(), { accessLog: log })
  const gateway = await start()
  return {
    scenarios: [
      {
        name: ROW.direct,
        check: () => assertSmallAnswer(direct),
        ...underLoad({ product, pid: upstream.pid, url: direct }),
      },
      openRow(ROW.open, gateway),
      hitRow(ROW.hit, gateway),
      openRow(ROW.again, gateway),
      hitRow(ROW.unlogged, await start({ to: 'none' })),
      hitRow(ROW.logged, await start({ to: '/dev/null', only: 'all' })),
      missRow(await stage.startGateway(await stage.openOnezone(SLOW_MS))),
      ...(await openPeerRows(stage)),
    ],
    notes: () => NOTES,
  }
}

const NOTES: readonly string[] = [
  `“${ROW.open}” is sent the token too, on a route that does not look at it.`,
  'CPU is that of the process in front, the one that the load is sent to, and of all its workers: of the upstream, a ' +
    `bare node:http server, in the row “${ROW.direct}”; neither of the load, nor of the upstream, nor of the server ` +
    'that the peers ask about tokens otherwise.',
  `The load is a closed loop, made by ${LOAD_PROGRAM}, on the same machine: requests/s and latency are those of a ` +
    'machine that is full. CPU per request depends on that least.',
  'Each peer has one worker. Caddy has no cache for forward_auth: it asks ' +
    'at each request, a server that remembers.',
  `“${ROW.misses}”: every hundredth request carries a token that nobody has seen, and Onezone takes ${SLOW_MS} ms to answer.`,
]

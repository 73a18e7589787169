import { createProxyTrust } from '../authenticator/index.ts'
import { readCheckRequest, writeCheckResponse } from './ext-authz.ts'
import type { GrpcCall, GrpcDoor } from './grpc-server.ts'
import { GRPC } from './grpc-server.ts'
import type { Judge } from './judge.ts'
import { numberField } from './protobuf.ts'

/** Options of {@link createGrpcDoor}. */
export interface GrpcDoorOptions {
  readonly judge: Judge
  /** Addresses and CIDR ranges of the proxies that may ask. */
  readonly trustedProxies: readonly string[]
  /** Whether all who can connect may ask, as on a Unix socket. @default false */
  readonly anyAsker?: boolean | undefined
}

const AUTHORIZATION = 'envoy.service.auth.v3.Authorization'

/** `service` of `grpc.health.v1.HealthCheckRequest`, and `status` of the response. */
const HEALTH = { service: 1, status: 1 }
const [SERVING, NOT_SERVING] = [1, 2]

/**
 * Makes what Envoy, Istio and implementations of the Gateway API ask by gRPC. Header fields that would state an
 * identity are removed here, where the other dialects have to refuse the request.
 */
export function createGrpcDoor(options: GrpcDoorOptions): GrpcDoor {
  const { judge, anyAsker = false } = options
  const mayAsk = createProxyTrust(options.trustedProxies)
  let draining = false

  function check({ message, askedBy, answer }: GrpcCall): Promise<void> | void {
    const isTrusted = anyAsker || mayAsk(askedBy)
    const question = isTrusted ? readCheckRequest(message) : 'asker_not_trusted'
    const asked = typeof question === 'string' ? [] : question.rawHeaders
    return judge({
      dialect: 'grpc',
      question,
      removesForged: true,
      askedBy,
      answer: (judgement) => answer(writeCheckResponse(judgement, asked)),
    })
  }

  /** For everyone: who looks after processes is seldom a proxy. */
  function health({ message, answer }: GrpcCall): void {
    const service = message.text(HEALTH.service)
    if (service !== '' && service !== AUTHORIZATION) {
      return answer({ status: GRPC.notFound, message: 'there is no such service' })
    }
    answer(numberField(HEALTH.status, draining ? NOT_SERVING : SERVING))
  }

  return {
    methods: new Map([
      [`/${AUTHORIZATION}/Check`, check],
      ['/grpc.health.v1.Health/Check', health],
    ]),
    drain() {
      draining = true
    },
  }
}

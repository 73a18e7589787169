import type { Clock } from '../../src/clock.ts'
import type { Logger } from '../../src/logger.ts'
import { startGateway } from './gateway.ts'
import { ALICE, startOnezone } from './onezone.ts'
import { startUpstream } from './upstream.ts'

interface GatewayRigOptions {
  readonly yaml?: (upstream: string) => string
  readonly clock?: Clock
  readonly logger?: Logger
}

export async function startGatewayRig({ yaml, clock, logger }: GatewayRigOptions = {}) {
  const onezone = await startOnezone(clock === undefined ? {} : { clock })
  const upstream = await startUpstream()
  const gateway = await startGateway(
    yaml === undefined
      ? { onezoneUrl: onezone.url, upstream: upstream.url }
      : { onezoneUrl: onezone.url, yaml: yaml(upstream.url) },
    { clock, logger },
  )
  const token = onezone.createTemporaryToken({ subject: ALICE })
  const send = (headers: Record<string, string>, path = '/') =>
    fetch(`${gateway.url}${path}`, { headers })
  const ask = async (headers: Record<string, string>, path = '/') => {
    const response = await send(headers, path)
    const { code } = (await response.json()) as { code?: string }
    return [response.status, code ?? null]
  }
  const verifyCalls = () => {
    const { verifyAccessToken, verifyIdentityToken, verifyInviteToken } = onezone.calls()
    return verifyAccessToken + verifyIdentityToken + verifyInviteToken
  }
  const metrics = async () => (await fetch(`${gateway.adminUrl}/metrics`)).text()
  return { onezone, upstream, gateway, token, send, ask, verifyCalls, metrics }
}

export const PASSED = [200, null]

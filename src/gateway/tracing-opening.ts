import type { GatewayConfig } from '../config/index.ts'
import type { Tracing } from '../tracing/index.ts'
import { openTracing } from '../tracing/index.ts'

/** Opens what gathers traces of a gateway; null: nobody does. */
export function openTracingOf({
  trustedProxies,
  verifier,
}: GatewayConfig): Promise<Tracing | null> {
  return openTracing({ trustedProxies, verifierUrl: verifier.url })
}

export type {
  GatewayConfig,
  LogLevel,
  OnezoneConfig,
  RouteConfig,
  TlsConfig,
  TokenLookupConfig,
  VerdictsConfig,
  VerifierConfig,
} from './gateway-config.ts'
export { checkGatewayConfig, checksOfGatewayConfig } from './gateway-config-shape.ts'
export { withKeyOfThisProcess } from './signing-keys.ts'
export type { SettingOrigins } from './setting-origins.ts'
export { originsOf, withOrigins } from './setting-origins.ts'
export { shownConfig } from './shown-config.ts'
export type { ListenAddress, SocketAddress } from './listen-address.ts'
export {
  addressesOf,
  formatListenAddress,
  formatSocketAddress,
  parseListenAddress,
} from './listen-address.ts'
export type { ConfigSources } from './load-config.ts'
export { loadConfig } from './load-config.ts'
export { withDigestedSecrets } from './digested-secrets.ts'
export { proxyUrlFor } from './outgoing-proxy.ts'
export { routeTitle } from './route-order.ts'
export type { ConfigWarning } from './route-warnings.ts'
export { warningsOf } from './route-warnings.ts'
export type { ConfigFlags } from './overlay.ts'
export { ENVIRONMENT_VARIABLES } from './overlay.ts'
export type { VerifierChoice } from './verifier-choice.ts'
export { exchangeBoundMs, insecureSettingsOf, verifierChoiceOf } from './verifier-choice.ts'
export type { UpstreamOptions, UpstreamTls } from '../upstream/index.ts'

export type { Http2Sessions, Http2SessionsOptions } from './http2-sessions.ts'
export { createHttp2Sessions } from './http2-sessions.ts'

/**
 * Where and how clients are listened to.
 *
 * @module
 */

import { z } from 'zod'
import { CLIENT_IDLE_MS } from '../listener/index.ts'
import type { TlsConfig } from './gateway-config.ts'
import type { SocketAddress } from './listen-address.ts'
import { parseSocketAddress } from './listen-address.ts'
import { choice, group, integer, list, shaped, text, toggle } from './setting.ts'

/** TLS before what depends on other settings is filled in. */
export type TlsWritten = Omit<TlsConfig, 'clientAuth'> & {
  readonly clientAuth?: TlsConfig['clientAuth'] | undefined
}

const address = text('HOST:PORT or unix:PATH', parseSocketAddress)
const addresses = list('addresses', address)

/** One address or several; in one text with commas between them. */
export const listenSchema: z.ZodType<SocketAddress | SocketAddress[]> = shaped<
  SocketAddress | SocketAddress[]
>((value) => {
  if (Array.isArray(value)) return addresses
  if (typeof value !== 'string' || !value.includes(',')) return address
  return z.preprocess(() => value.split(',').map((each) => each.trim()), addresses)
})

/** A path that is answered in place of the API, without a query. */
export const healthPathSchema: z.ZodType<string> = text('a path, e.g. /healthz', (value) => {
  if (/^(?:\/[\w.~-]*[\w~-])+$/.test(value)) return value
  throw new TypeError('must be a path of letters, digits, ".", "_", "~" and "-", e.g. /healthz')
})

/** How long clients' connections may be idle: the longest that a balancer is known to want is 620 s. */
export const clientIdleSchema: z.ZodDefault<z.ZodType<number>> = integer(100, 3_600_000).default(
  CLIENT_IDLE_MS,
)

/** The name of a file. */
export const fileName: z.ZodType<string> = text('the name of a file', (value) => {
  if (value === '') throw new TypeError('must not be empty')
  return value
})

/** Settings of TLS that all listeners have. */
export const tlsSettings: {
  readonly certFile: z.ZodType<string>
  readonly keyFile: z.ZodType<string>
  readonly clientCaFile: z.ZodOptional<z.ZodType<string>>
  readonly clientAuth: z.ZodOptional<z.ZodType<TlsConfig['clientAuth']>>
} = {
  certFile: fileName,
  keyFile: fileName,
  clientCaFile: fileName.optional(),
  clientAuth: choice('none', 'request', 'require').optional(),
}

/** TLS for the traffic listener. */
export const tlsSchema: z.ZodType<TlsWritten> = group({
  ...tlsSettings,
  certificates: list(
    'groups with certFile and keyFile',
    group({ certFile: fileName, keyFile: fileName }),
  ).optional(),
  http2: toggle().default(false),
})

/**
 * How front proxies ask.
 *
 * @module
 */

import type { z } from 'zod'
import type { ForwardAuthConfig, TlsConfig } from './gateway-config.ts'
import { parseSocketAddress } from './listen-address.ts'
import { choice, group, list, text } from './setting.ts'

/** Settings under `forwardAuth`; secrets are still names of files. */
export interface ForwardAuthSettings extends Omit<ForwardAuthConfig, 'introspection' | 'tls'> {
  readonly tls?: WrittenTls | undefined
  readonly introspection?:
    | { readonly clients: readonly { readonly id: string; readonly secretFile: string }[] }
    | undefined
}

/** TLS of a listener, before what depends on the other settings is filled in. */
export interface WrittenTls extends Omit<TlsConfig, 'clientAuth' | 'http2'> {
  readonly clientAuth?: TlsConfig['clientAuth'] | undefined
}

const fileName = text('the name of a file', (name) => {
  if (name === '') throw new TypeError('must not be empty')
  return name
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

/** `forwardAuth:` */
export const forwardAuthSchema: z.ZodType<ForwardAuthSettings> = group({
  listen: text('HOST:PORT or unix:PATH', parseSocketAddress),
  grpcListen: text('HOST:PORT or unix:PATH', parseSocketAddress).optional(),
  clientAddress: choice('required', 'unknown-allowed').default('required'),
  tls: group(tlsSettings).optional(),
  introspection: group({
    clients: list(
      'clients',
      group({
        id: text('a name', (id) => {
          if (/^[\x21-\x39\x3b-\x7e]{1,128}$/.test(id)) return id
          throw new TypeError('must be 1 to 128 printable ASCII characters without space and colon')
        }),
        secretFile: fileName,
      }),
    ),
  }).optional(),
})

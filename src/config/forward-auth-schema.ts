/**
 * How front proxies ask.
 *
 * @module
 */

import type { z } from 'zod'
import type { ForwardAuthConfig } from './gateway-config.ts'
import { parseSocketAddress } from './listen-address.ts'
import type { TlsWritten } from './listener-schema.ts'
import { fileName, tlsSettings } from './listener-schema.ts'
import { choice, group, list, text } from './setting.ts'

/** Settings under `forwardAuth`; secrets are still names of files. */
export interface ForwardAuthSettings extends Omit<ForwardAuthConfig, 'introspection' | 'tls'> {
  readonly tls?: Omit<TlsWritten, 'http2' | 'certificates'> | undefined
  readonly introspection?:
    | { readonly clients: readonly { readonly id: string; readonly secretFile: string }[] }
    | undefined
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

import type { Token } from './token.ts'

/**
 * What everybody but its verifier needs to know of a token, whoever issued it. An Onedata {@link Token} is one; a token
 * that says nothing about itself is another.
 */
export interface PresentedToken extends Pick<
  Token,
  | 'serialized'
  | 'persistence'
  | 'generation'
  | 'subject'
  | 'type'
  | 'kind'
  | 'caveats'
  | 'validUntil'
> {
  /** Id of the token: opaque, and not secret. Null where only its verifier knows it. */
  readonly id: string | null
  /**
   * What it is called where its identity is told, if not by its kind: `identity-provider` for what was exchanged.
   *
   * @default its kind
   */
  readonly statedType?: 'identity-provider' | undefined
  /** SHA-256, base64url, of what the verifier judges. Two tokens never share it. */
  readonly digest: string
  /** The first twelve hex digits of what `digest` writes in base64url: the only name that a token has in logs. */
  readonly fingerprint: string
}

/** A JWT as an identity provider issues it, with a signature that is none. */
export function jwtOf(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'RS256', typ: 'at+jwt' })}.${part(claims)}.${'s'.repeat(43)}`
}

/** A zone with the provider `egi`, which knows these tokens. */
export const worldWith = (users: Readonly<Record<string, string>>) => ({
  users: { alice: {}, bob: {} },
  identityProviders: [{ id: 'egi', users }],
})

/** Throws unless something holds. Not `expect` of the suite, which takes longer than what is looked at. */
export function expectThat(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise)
}

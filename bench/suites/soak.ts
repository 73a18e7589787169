import type { Study } from '../study.ts'

/** What becomes of the gateway in the long run. */
export function soakStudy(minutes: number): Study {
  return {
    name: 'soak',
    about: `half the load that is too much, of all kinds of traffic, for ${minutes} minutes`,
    long: true,
    open: () => [],
  }
}

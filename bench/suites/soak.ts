import { soak } from '../soak/soak.ts'
import type { Study } from '../study.ts'

/** What becomes of the gateway in the long run. */
export function soakStudy(minutes: number): Study {
  return {
    name: 'soak',
    about: `all kinds of traffic at half of what is too much, for ${minutes} minutes`,
    long: true,
    open: (product) => [soak(product, minutes)],
  }
}

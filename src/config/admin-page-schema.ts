import type { z } from 'zod'
import type { AdminPageConfig } from './gateway-config.ts'
import { choice, group, shaped, toggle } from './setting.ts'

const settings = group({ shown: toggle().optional(), refusals: toggle().default(true) })

/** `adminPage:` as true or false, or as a group. A variable of the environment gives the words as text. */
export const adminPageSchema: z.ZodType<AdminPageConfig> = shaped<AdminPageConfig>((value) => {
  if (typeof value === 'object' && value !== null) return settings
  const shownIf = (shown: boolean): AdminPageConfig => ({ shown, refusals: true })
  if (typeof value === 'string') {
    return choice('true', 'false').transform((word) => shownIf(word === 'true'))
  }
  return toggle().transform(shownIf)
})

import { configTarget } from './config-target.ts'
import { onezoneTarget } from './onezone-target.ts'
import { requestTarget } from './request-target.ts'
import { settingsTarget } from './settings-target.ts'
import type { Target } from './target.ts'
import { tokenTarget } from './token-target.ts'
import { upstreamTarget } from './upstream-target.ts'

/** Everything that reads what strangers wrote. */
export const TARGETS: readonly Target[] = [
  tokenTarget,
  requestTarget,
  upstreamTarget,
  onezoneTarget,
  configTarget,
  settingsTarget,
]

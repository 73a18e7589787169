import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')

/** Collects what nothing holds any more, so that only what is held is weighed. */
export const collectGarbage = runInNewContext('gc') as () => void

import type { Study } from '../study.ts'
import { decision } from '../verdicts/decision.ts'
import { flood } from '../verdicts/flood.ts'
import { herd } from '../verdicts/herd.ts'
import { outage } from '../verdicts/outage.ts'
import { revocation } from '../verdicts/revocation.ts'
import { scienceCluster } from '../verdicts/science-cluster.ts'

/** What the verdict model costs, saves and promises. */
export const verdictsStudy: Study = {
  name: 'verdicts',
  about: 'what the verdict model costs, what it saves Onezone, and whether it keeps its promise',
  open: (product) => [
    decision(product),
    herd(product),
    scienceCluster(product),
    revocation(product),
    flood(product),
    outage(product),
  ],
}

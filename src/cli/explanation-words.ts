import type { Explanation } from '../gateway/index.ts'
import { describeSubject } from './caveat-words.ts'
import { EXIT } from './exit-codes.ts'
import { momentAndDistance } from './moment.ts'
import { columns, printable, type Terminal } from './terminal.ts'

/** Prints an explanation: as one line of JSON, or in words. */
export function printExplanation(
  explanation: Explanation,
  asJson: boolean,
  terminal: Pick<Terminal, 'print' | 'style'>,
): void {
  if (asJson) {
    terminal.print(JSON.stringify(explanation))
    return
  }
  const rows = describeExplanation(explanation, Date.now()).map((row) => row.map(printable))
  const [first = '', ...rest] = columns(rows)
  terminal.print(
    terminal.style(explanation.decision.outcome === 'granted' ? 'green' : 'red', first),
  )
  for (const line of rest) terminal.print(line)
}

/** How a command ends that has explained something. */
export function exitCodeOf({ decision }: Explanation): number {
  if (decision.outcome === 'granted') return EXIT.ok
  return decision.outcome === 'undecided' || (decision.status ?? 0) >= 500
    ? EXIT.unknown
    : EXIT.failure
}

/** An explanation in rows of two columns, for people; the first row is the decision. */
export function describeExplanation(explanation: Explanation, nowMs: number): string[][] {
  const { request, route, client, token, caveats, verification } = explanation
  const rows = [
    ['decision', describeDecision(explanation)],
    [
      'request',
      `${request.method} ${request.host ?? ''}${request.path}, from ${client?.address || 'nowhere in particular'}`,
    ],
    ['route', route === null ? 'none' : describeRoute(route)],
  ]
  if (explanation.credentials !== null) {
    const { outcome, fields } = explanation.credentials
    rows.push([
      'credentials',
      fields.length === 0 ? outcome : `${outcome}, in ${fields.join(', ')}`,
    ])
  }
  if (token !== null) {
    rows.push(
      ['token', `${token.fingerprint}, ${token.kind}, ${token.persistence}`],
      ['subject', describeSubject(token.subject)],
      ['expires', token.expiresAt === null ? 'never' : momentAndDistance(token.expiresAt, nowMs)],
      ['family', describeFamily(token.family)],
    )
    const told = caveats.map(describeCaveat)
    rows.push(...labelled('caveats', told.length === 0 ? ['none'] : told))
  }
  if (verification !== null) {
    rows.push(
      ['proven', verification.proven ? 'yes: the verifier has accepted this very token' : 'no'],
      ['remembered by', describeKey(verification.key)],
      ...labelled('known', describeKnowledge(verification)),
    )
  }
  return rows
}

function labelled(label: string, texts: readonly string[]): string[][] {
  return texts.map((text, at) => [at === 0 ? label : '', text])
}

function describeDecision({ decision }: Explanation): string {
  const { outcome, status, code, caveat, detail, source, subject } = decision
  const by = source === null ? '' : ` (by: ${source})`
  if (outcome === 'granted') {
    return `granted, ${subject === null ? 'without identity' : `as ${describeSubject(subject)}`}${by}`
  }
  if (outcome === 'undecided') return 'undecided: the verifier would be asked'
  const about = caveat === null ? '' : `, caveat ${caveat}`
  return `denied: ${status} ${code}${about}${by}. ${detail}`
}

function describeRoute(route: NonNullable<Explanation['route']>): string {
  if (route.token === 'none') return `${route.id} (${route.path}), public`
  const optional = route.optional ? ', optional' : ''
  return `${route.id} (${route.path}), ${route.token} token${optional}, interface ${interfaceWords(route.interface)}`
}

function describeFamily(family: NonNullable<Explanation['token']>['family']): string {
  if (family === null) return 'none'
  return family.kind === 'named'
    ? `named token ${family.tokenId}`
    : `temporary tokens of ${describeSubject(family.subject)}, generation ${family.generation}`
}

const JUDGES = {
  here: 'judged here',
  onezone: 'judged by Onezone',
  delegated: 'delegated to the upstream',
  enforced: 'enforced here, request by request',
  refused: 'refused by the route',
} as const

function describeCaveat({ type, reads, judged, holds }: Explanation['caveats'][number]): string {
  const reading = reads.length === 0 ? '' : `, reads ${reads.join(' and ')}`
  const result = holds === null ? '' : holds ? ': holds' : ': does not hold'
  return `${type}: ${judged === null ? 'not reached' : JUDGES[judged]}${result}${reading}`
}

type Known = NonNullable<Explanation['verification']>

function describeKey(key: Known['key']): string {
  const fields = key.map(({ field, readBy }) => `${field} (read by ${readBy.join(', ')})`)
  return ['the token', ...fields].join(' + ')
}

function describeKnowledge({ family, contextGoodForMs, verdict }: Known): string[] {
  const told: string[] = []
  if (family !== null) {
    const { factAgeMs, refreshInMs, death, deadUpToGeneration } = family
    if (factAgeMs !== null) {
      const refresh = refreshInMs === null ? '' : `, to be refreshed in ${seconds(refreshInMs)}`
      told.push(`the family was alive ${seconds(factAgeMs)} ago${refresh}`)
    }
    if (death !== null) told.push(`the family is dead: ${death}`)
    if (deadUpToGeneration !== null && deadUpToGeneration >= 0) {
      told.push(`generations up to ${deadUpToGeneration} are over`)
    }
  }
  if (contextGoodForMs !== null) told.push(`in this context good for ${seconds(contextGoodForMs)}`)
  if (verdict !== null) {
    const about = verdict.reason === null ? '' : `, ${verdict.reason}`
    told.push(`verdict: ${verdict.outcome}${about}, ${seconds(verdict.ageMs)} old`)
  }
  return told.length === 0 ? ['nothing'] : told
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/** Which interfaces a route stands for. */
export function interfaceWords(given: string | readonly string[] | null | undefined): string {
  return typeof given === 'object' && given !== null ? given.join(' or ') : (given ?? 'none')
}

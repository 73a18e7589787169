import type { Clock } from '../clock.ts'
import type { Question } from './verifier.ts'

/** What a fault is attributed by. */
export interface AttributedQuestion extends Pick<Question, 'clientAddress' | 'proven'> {
  readonly token: { readonly digest: string }
  readonly consumerToken: { readonly digest: string } | null
}

/** Tells faults that say something about the verifier from those that one client may have brought about. */
export interface FaultAttribution {
  /** Whether a fault counts; to be told of each. */
  counts(request: AttributedQuestion): boolean
  /** A question had a good answer. */
  noteGood(request: AttributedQuestion): void
}

/** A text that the verifier broke on is remembered for so long, and so many of them. */
const MEMORY_MS = 600_000
const MOST_REMEMBERED = 256

/** So many faults of one address count … */
const MOST_OF_ONE_ADDRESS = 2
/** … while somebody else was given a good answer within this time. */
const WINDOW_MS = 10_000

interface RecentFault {
  /** Null: of a token that was accepted before, or of a door that knows no addresses. */
  readonly address: string | null
  readonly atMs: number
}

/**
 * Makes the attribution. What a text brings about is that text's fault, however often it is sent: it counts once. Other
 * texts that do the same are cheap to make, with any claim in them; so while others are answered, one address counts
 * only a few times. A token that was accepted before is no text that its sender made up.
 */
export function createFaultAttribution(clock: Clock): FaultAttribution {
  /** By text, the latest last. */
  const faults = new Map<string, RecentFault>()
  /** The last good answer, and the last one to anybody else. */
  let lastGood = { source: '', atMs: -Infinity, otherAtMs: -Infinity }

  const isWithin = (atMs: number, ms: number): boolean => clock.monotonic() - atMs < ms

  function isAnsweringOthers(address: string): boolean {
    const { source, atMs, otherAtMs } = lastGood
    return isWithin(source === address ? otherAtMs : atMs, WINDOW_MS)
  }

  function countsOfAddress(address: string): boolean {
    const recent = [...faults.values()].filter(
      (fault) => fault.address === address && isWithin(fault.atMs, WINDOW_MS),
    )
    return recent.length < MOST_OF_ONE_ADDRESS || !isAnsweringOthers(address)
  }

  return {
    counts(request) {
      const text = textOf(request)
      const address = addressOf(request)
      const known = faults.get(text)
      const isNews = known === undefined || !isWithin(known.atMs, MEMORY_MS)
      const isCounted = isNews && (address === null || countsOfAddress(address))
      faults.delete(text)
      faults.set(text, { address, atMs: clock.monotonic() })
      const [oldest] = faults.keys()
      if (faults.size > MOST_REMEMBERED && oldest !== undefined) faults.delete(oldest)
      return isCounted
    },
    noteGood(request) {
      const source = addressOf(request) ?? ''
      const otherAtMs = source === lastGood.source ? lastGood.otherAtMs : lastGood.atMs
      lastGood = { source, atMs: clock.monotonic(), otherAtMs }
      if (faults.size > 0) faults.delete(textOf(request))
    },
  }
}

function addressOf({ clientAddress = '', proven = false }: AttributedQuestion): string | null {
  return proven || clientAddress === '' ? null : clientAddress
}

/** What the verifier had to read; not where it came from, which is cheap to vary. */
function textOf({ token, consumerToken }: AttributedQuestion): string {
  return consumerToken === null ? token.digest : `${token.digest}/${consumerToken.digest}`
}

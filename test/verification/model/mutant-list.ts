/** One way to break the sources. */
export interface Mutant {
  readonly name: string
  readonly file: string
  /** Must be there exactly once. */
  readonly text: string
  readonly replacement: string
  /** Why nothing that can be seen changes. */
  readonly equivalent?: string
}

const V = 'src/verification'
const R = 'src/revocation'
const C = 'src/cluster'

const of = (
  file: string,
  name: string,
  text: string,
  replacement: string,
  equivalent?: string,
): Mutant => ({
  name,
  file,
  text,
  replacement,
  ...(equivalent === undefined ? {} : { equivalent }),
})

/** Each guard, bound and comparison once; `row N`: what was mended there is undone. */
export const MUTANTS: readonly Mutant[] = [
  // Rows
  of(
    `${R}/onezone-time.ts`,
    'row 1: one holder’s token moves Onezone’s time',
    'const QUORUM = 3',
    'const QUORUM = 1',
  ),
  of(
    `${V}/token-end.ts`,
    'row 1: a proven token ends by the estimate alone',
    '  return Math.abs(movedMs) <= DRIFT_MS ? ended : null',
    '  return movedMs === Infinity ? null : ended',
  ),
  of(
    `${C}/followed-time.ts`,
    'row 2: a worker does not follow the primary’s time',
    '      offsetMs = onezoneNowMs - clock.monotonic() - epochMs',
    '      offsetMs = Math.min(offsetMs, onezoneNowMs - clock.monotonic() - epochMs)',
  ),
  of(
    `${C}/primary-backend.ts`,
    'row 3: a worker does not check how old a fact has grown',
    'return isAccepted(verdict) && ageMs >= boundMs * USABLE_PART',
    'return isAccepted(verdict) && ageMs >= boundMs * 2',
  ),
  of(
    `${V}/verdict-gate.ts`,
    'row 4: a stale grant that is shared loses its mark',
    "source: source === 'stale' ? source : 'coalesced'",
    "source: source === 'stale' ? 'coalesced' : 'coalesced'",
  ),
  of(
    `${V}/lessons.ts`,
    'row 5: a refusal is not told to other workers',
    'if (hadContext || proof !== null || request.proven === true) onWithdrawal(key)',
    'if (key === "") onWithdrawal(key)',
  ),
  of(
    `${C}/use-report.ts`,
    'row 6: workers do not report use',
    "    channel.send({ kind: 'used', families })",
    "    channel.send({ kind: 'unused', families })",
  ),
  of(
    `${V}/verdict-gate.ts`,
    'row 7: a consumer token that no caveat reads is sent',
    'consumerToken: consumerOf(request), proven',
    'proven',
  ),
  of(
    `${V}/invalidation.ts`,
    'row 8: what rests on a consumer token is not taken back',
    '(consumer !== null && (hasToken(consumer.digest) || selects(selection, consumer.family))),',
    '(consumer !== null && hasToken("") && selects(selection, consumer.family)),',
  ),
  of(
    `${V}/recollection.ts`,
    'row 9: a consumer token that is known to be dead counts',
    'if (consumer !== null && ledger.deathOf(consumer.family, askedAtMs) !== null) {',
    'if (consumer !== null && askedAtMs === Infinity) {',
  ),
  of(
    `${V}/lessons.ts`,
    'row 10: a proof outlives its refusal',
    '        proof.kept = false\n',
    '        proof.kept = true\n',
  ),
  of(
    `${R}/generations.ts`,
    'row 11: a generation never goes back',
    "  if (isOver && askedAtMs <= known.overAtMs) return 'late'",
    "  if (isOver) return 'late'",
  ),
  of(
    `${V}/proven-grant.ts`,
    'row 12: a token is never itself asked about',
    'export const OWN_QUESTION_INTERVALS = 10',
    'export const OWN_QUESTION_INTERVALS = 1e9',
  ),
  of(
    'src/cache/flights.ts',
    'row 13: a younger demand shares an older question',
    'latest !== undefined && latest.sentAtMs >= sinceMs',
    'latest !== undefined && latest.sentAtMs >= sinceMs - 1e9',
  ),
  of(
    `${R}/onezone-time.ts`,
    'row 14: the sample that came last wins',
    'if (known !== undefined && known.askedAtMs > times.askedAtMs) return',
    'if (known !== undefined && known.askedAtMs === Infinity) return',
  ),
  of(
    `${V}/verdict-gate.ts`,
    'row 15: who explains leaves a trace',
    'kept ? proof.family : ledger.glance.open(ref, proof.subject)',
    'kept ? proof.family : ledger.open(ref, proof.subject)',
  ),
  // Gate
  of(
    `${V}/verdict-gate.ts`,
    'gate: no refresh in the background',
    'nowMs >= family.refreshAtMs',
    'nowMs === -1',
  ),
  of(
    `${V}/verdict-gate.ts`,
    'gate: no question is shared within a family',
    'if (!tells || shared === MOST_SHARED ||',
    'if (tells || shared === MOST_SHARED ||',
  ),
  of(
    `${V}/verdict-gate.ts`,
    'gate: an answer that was taken back counts',
    'if (!stillCounts()) return inspect',
    'if (sentAtMs === -1) return inspect',
  ),
  of(
    `${V}/verdict-gate.ts`,
    'gate: stale grants have no bound',
    'clock.monotonic() - askedAtMs < maxStalenessMs + staleIfErrorMs',
    'clock.monotonic() - askedAtMs < 2 * maxStalenessMs + 2 * staleIfErrorMs',
  ),
  of(
    `${V}/verdict-gate.ts`,
    'gate: stale grants without leave',
    '      staleIfErrorMs > 0 &&\n',
    '      staleIfErrorMs >= 0 &&\n',
  ),
  of(
    `${V}/verdict-gate.ts`,
    'gate: a stale grant against what is known',
    'if (known.objectionToProven(request, proof, family, nowMs) !== null) return null',
    'if (nowMs === -1) return null',
  ),
  of(
    `${V}/verdict-gate.ts`,
    'gate: all who wait ask one after another',
    'const MOST_SHARED = 2',
    'const MOST_SHARED = 1e9',
  ),
  // Recollection
  of(
    `${V}/recollection.ts`,
    'recollection: an old fact counts',
    'return nowMs - knownAtMs < oldestFor(request) ?',
    'return nowMs - knownAtMs < 1.5 * oldestFor(request) ?',
  ),
  of(
    `${V}/recollection.ts`,
    'recollection: a demand for youth is not heard',
    'maxFactAgeMs === undefined ? maxStalenessMs : Math.min(maxStalenessMs, maxFactAgeMs)',
    'maxFactAgeMs === undefined ? maxStalenessMs : maxStalenessMs',
  ),
  of(
    `${V}/recollection.ts`,
    'recollection: a death is not looked at',
    "    if (death !== null) return refuse(death, nowMs)\n    if (invitesElsewhere(request)) return refuse('token_type_mismatch', nowMs)\n    if (hasEnded",
    "    if (invitesElsewhere(request)) return refuse('token_type_mismatch', nowMs)\n    if (hasEnded",
  ),
  of(
    `${V}/recollection.ts`,
    'recollection: a proven token never ends',
    "if (hasEnded(proof, onezoneNowMs, nowMs) === true) return refuse('token_expired', nowMs)",
    '',
  ),
  of(
    `${V}/recollection.ts`,
    'recollection: a grant in context is good for longer',
    'if (nowMs >= goodUntilMs || nowMs - askedAtMs >= oldestMs) return null',
    'if (nowMs - askedAtMs >= 1.5 * oldestMs) return null',
  ),
  of(
    `${V}/recollection.ts`,
    'recollection: the caveats of a proven token are not judged',
    'return objectionOf(proof.caveats, request, onezoneNowMs, nowMs)',
    'return objectionOf([], request, onezoneNowMs, nowMs)',
  ),
  of(
    `${V}/recollection.ts`,
    'recollection: no skew is allowed for strangers',
    'onezoneTime.leastNow() - options.clockSkewMs',
    'onezoneTime.leastNow() + options.clockSkewMs',
  ),
  // Local judgement
  of(
    `${V}/local-judgement.ts`,
    'judgement: a context that only Onezone knows is judged here',
    "  'service',\n])",
    "  'service',\n  'session',\n  'geo',\n])",
  ),
  of(
    `${V}/local-judgement.ts`,
    'judgement: data caveats hold everywhere',
    'if (!request.allowDataAccessCaveats) {',
    'if (request.kind === undefined) {',
  ),
  // Lessons
  of(
    `${V}/lessons.ts`,
    'lessons: an identity token tells about services',
    "const asAccess = request.kind === 'access'\n    if (asAccess)",
    "const asAccess = request.kind === 'access'\n    if (!asAccess || asAccess)",
  ),
  of(
    `${V}/lessons.ts`,
    'lessons: families are asked about too soon',
    'const REFRESH_FROM = 0.65',
    'const REFRESH_FROM = 0.4',
  ),
  of(
    `${V}/lessons.ts`,
    'lessons: a block is not learned',
    "if (subject.type === 'user') ledger.sawBlocked(subject, askedAtMs)",
    '',
  ),
  of(
    `${V}/lessons.ts`,
    'lessons: a revocation is not learned',
    '      ledger.sawRevoked(ref, askedAtMs)\n',
    '',
  ),
  of(
    `${V}/lessons.ts`,
    'lessons: a grant in context outlives its refusal',
    'const hadContext = memory.contexts.delete(key)',
    'const hadContext = memory.contexts.peek(key) !== undefined',
  ),
  of(
    `${V}/lessons.ts`,
    'lessons: a yes that comes late is a yes',
    '    if (!ledger.sawAlive(family, askedAtMs, provenAtMs)) {',
    '    if (!ledger.sawAlive(family, askedAtMs, provenAtMs) && askedAtMs === -1) {',
  ),
  // Ledger
  of(
    `${R}/family-ledger.ts`,
    'ledger: a fact older than a death counts',
    '    askedAtMs > family.deadAtMs &&\n',
    '',
  ),
  of(
    `${R}/family-ledger.ts`,
    'ledger: a fact from before it was taken back counts',
    '    askedAtMs > family.distrustedUntilMs &&\n',
    '',
  ),
  of(
    `${R}/family-ledger.ts`,
    'ledger: a fact older than a block counts',
    '    askedAtMs > (currentSubject(family)?.blockedAtMs ?? -Infinity) &&\n',
    '',
  ),
  of(
    `${R}/family-ledger.ts`,
    'ledger: a death is believed for too long',
    'clock.monotonic() - atMs < negativeTtlMs',
    'clock.monotonic() - atMs < 20 * negativeTtlMs + 9_000',
  ),
  of(
    `${R}/family-ledger.ts`,
    'ledger: what was proven in a former life is proven',
    '    return askedAtMs > overSince(subject.generations, ref.generation)',
    '    return askedAtMs > -1',
  ),
  of(
    `${R}/family-ledger.ts`,
    'ledger: a block is not taken back by a yes',
    'subject.blockedAtMs >= subject.aliveAtMs &&',
    'subject.blockedAtMs > -Infinity &&',
  ),
  // Generations
  of(
    `${R}/generations.ts`,
    'generations: a dead one is believed for too long',
    'const BELIEVED_MS = 60_000',
    'const BELIEVED_MS = 600_000',
  ),
  of(
    `${R}/generations.ts`,
    'generations: a dead one is not believed',
    'const BELIEVED_MS = 60_000',
    'const BELIEVED_MS = 1_000',
  ),
  of(
    `${R}/generations.ts`,
    'generations: the named one is over, too',
    '  known.overUpTo = generation - 1\n',
    '  known.overUpTo = generation\n',
  ),
  // Turns
  of(
    `${V}/turns.ts`,
    'turns: nobody has a turn',
    '      return isFit(turn.proof) ? turn : null',
    '      return isFit(turn.proof) ? null : null',
    'each token is asked about in time by itself; turns only make it sooner',
  ),
  // Memory
  of(
    'src/cache/verdict-memory.ts',
    'memory: a refusal is kept for too long',
    'const goodUntilMs = verdict.askedAtMs + negativeTtlMs',
    'const goodUntilMs = verdict.askedAtMs + 9_000 + 3 * negativeTtlMs',
  ),
  of(
    'src/cache/verdict-memory.ts',
    'memory: a refusal is not kept',
    'const goodUntilMs = verdict.askedAtMs + negativeTtlMs',
    'const goodUntilMs = verdict.askedAtMs + negativeTtlMs / 4',
  ),
  of(
    'src/cache/verdict-keys.ts',
    'keys: the address is left out',
    'peerIp: (request) => request.peerIp,',
    'peerIp: null,',
  ),
  of(
    'src/cache/verdict-keys.ts',
    'keys: the consumer token is left out',
    'consumer: consumerPart,',
    'consumer: null,',
  ),
  // Token end, time
  of(
    `${V}/token-end.ts`,
    'token end: a token ends a minute later',
    '    ended === nowMs >= end.endsAtMs'.trim(),
    'ended === nowMs - 60_000 >= end.endsAtMs',
  ),
  of(
    `${R}/onezone-time.ts`,
    'time: a sleep is not noticed',
    '      offsetMs += ms',
    '      offsetMs += 0 * ms',
  ),
  of(
    `${R}/onezone-time.ts`,
    'time: no answer counts',
    '    offsetMs = nearestTo(0, range)',
    '    offsetMs = nearestTo(0, range) * 0',
  ),
  of(
    `${V}/suspension.ts`,
    'suspension: is not looked for',
    '    if (stepMs === 0) return',
    '    if (stepMs >= 0) return',
  ),
  of(
    'src/proxy/open-streams.ts',
    'streams: a sleep is not noticed',
    'if (sleptMs > 0) schedule',
    'if (sleptMs < 0) schedule',
  ),
  of(
    'src/proxy/open-streams.ts',
    'streams: carry on beyond the bound',
    'entry.askedAtMs + boundMs - mostPatienceMs',
    'entry.askedAtMs + 2 * boundMs - mostPatienceMs',
  ),
  // Invalidation
  of(
    `${V}/invalidation.ts`,
    'invalidation: families are not taken back',
    'for (const family of families) ledger.distrust(family)',
    '',
  ),
  of(
    `${V}/invalidation.ts`,
    'invalidation: questions under way count',
    '        isMeant(token) || (consumerToken !== null && isMeant(consumerToken)),',
    '        isMeant(token) && consumerToken !== null && isMeant(consumerToken),',
  ),
  of(
    `${V}/invalidation.ts`,
    'invalidation: a dry run takes back',
    'if (dryRun) return counted',
    'if (dryRun && counted.families > 3) return counted',
  ),
  // Cluster
  of(
    `${C}/answer-codec.ts`,
    'codec: a grant is younger than it is',
    'const askedAtMs = sentAtMs - Math.max(0, ageMs)',
    'const askedAtMs = sentAtMs - Math.max(0, 0 * ageMs)',
  ),
  of(
    `${C}/answer-codec.ts`,
    'codec: a refusal is younger than it is',
    'heardAtMs - Math.max(0, answerAgeMs)',
    'heardAtMs + 8_000',
  ),
  of(
    `${C}/question-codec.ts`,
    'codec: a demand for youth is lost',
    '    proven,\n    maxFactAgeMs,\n',
    '    proven,\n',
  ),
  of(
    `${C}/herald.ts`,
    'herald: the time is not told',
    'if (Math.abs(aheadMs() - toldMs) < LEAST_STEP_MS) return',
    'if (toldMs > -1e300) return',
    'each answer tells it, and a worker without answers uses nothing that it knows for longer than the bound',
  ),
  of(
    `${C}/worker-verification.ts`,
    'workers: conclude from refusals',
    'refusalsTell: false,',
    'refusalsTell: true,',
  ),
  of(
    `${C}/worker-verification.ts`,
    'workers: remember refusals for as long as the primary',
    'const NEGATIVE_TTL_PART = 0.25',
    'const NEGATIVE_TTL_PART = 4',
  ),
  // Watch
  of(
    `${R}/family-watch.ts`,
    'watch: a family that is missing is not lost',
    "if (ref.kind === 'named' && family.kept) ledger.sawLost(family, askedAtMs)",
    '',
  ),
  of(
    `${R}/family-watch.ts`,
    'watch: reads while the breaker is open',
    'while (mayRead() && underWay < pace.allowance)',
    'while (underWay < pace.allowance)',
  ),
  of(
    `${R}/watch-pace.ts`,
    'watch: too many readings at once',
    'if (trouble === null) return concurrency',
    'if (trouble === null) return 64',
  ),
  of(
    `${R}/watch-roster.ts`,
    'watch: reads what is being read',
    '        if (target.reading) continue\n',
    '',
  ),
]

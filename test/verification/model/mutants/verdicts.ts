import type { Mutant } from './mutant.ts'

/** The verdict model: each guard, bound and comparison once. */
export const VERDICTS: readonly Mutant[] = [
  {
    name: 'gate: no refresh in the background',
    look: 'watched',
    edits: [['src/verification/verdict-gate.ts', 'nowMs >= family.refreshAtMs', 'nowMs === -1']],
  },
  {
    name: 'gate: no question is shared within a family',
    look: 'oneProcess',
    edits: [
      [
        'src/verification/verdict-gate.ts',
        'if (!tells || shared === MOST_SHARED ||',
        'if (tells || shared === MOST_SHARED ||',
      ],
    ],
  },
  {
    name: 'gate: an answer that was taken back counts',
    look: 'takenBack',
    edits: [
      [
        'src/verification/verdict-gate.ts',
        'if (!stillCounts()) return inspect',
        'if (sentAtMs === -1) return inspect',
      ],
    ],
  },
  {
    name: 'gate: stale grants have no bound',
    look: 'stale',
    edits: [
      [
        'src/verification/verdict-gate.ts',
        'clock.monotonic() - askedAtMs < maxStalenessMs + staleIfErrorMs',
        'clock.monotonic() - askedAtMs < 2 * maxStalenessMs + 2 * staleIfErrorMs',
      ],
    ],
  },
  {
    name: 'gate: stale grants without leave',
    look: 'oneProcess',
    edits: [
      [
        'src/verification/verdict-gate.ts',
        '      staleIfErrorMs > 0 &&\n',
        '      staleIfErrorMs >= 0 &&\n',
      ],
    ],
  },
  {
    name: 'gate: a stale grant against what is known',
    look: 'stale',
    edits: [
      [
        'src/verification/verdict-gate.ts',
        'if (known.objectionToProven(request, proof, family, nowMs) !== null) return null',
        'if (nowMs === -1) return null',
      ],
    ],
  },
  {
    name: 'gate: all who wait ask one after another',
    look: 'known',
    edits: [
      ['src/verification/verdict-gate.ts', 'const MOST_SHARED = 2', 'const MOST_SHARED = 1e9'],
    ],
  },
  {
    name: 'recollection: an old fact counts',
    look: 'oneProcess',
    edits: [
      [
        'src/verification/recollection.ts',
        'return nowMs - knownAtMs < oldestFor(request) ?',
        'return nowMs - knownAtMs < 1.5 * oldestFor(request) ?',
      ],
    ],
  },
  {
    name: 'recollection: a demand for youth is not heard',
    look: 'young',
    edits: [
      [
        'src/verification/recollection.ts',
        'maxFactAgeMs === undefined ? maxStalenessMs : Math.min(maxStalenessMs, maxFactAgeMs)',
        'maxFactAgeMs === undefined ? maxStalenessMs : maxStalenessMs',
      ],
    ],
  },
  {
    name: 'recollection: a death is not looked at',
    look: 'known',
    edits: [
      [
        'src/verification/recollection.ts',
        "    if (death !== null) return refuse(death, nowMs)\n    if (invitesElsewhere(request)) return refuse('token_type_mismatch', nowMs)\n    const ended",
        "    if (invitesElsewhere(request)) return refuse('token_type_mismatch', nowMs)\n    const ended",
      ],
    ],
  },
  {
    name: 'recollection: a proven token never ends',
    look: 'known',
    edits: [
      [
        'src/verification/recollection.ts',
        "if (ended === true) return refuse('token_expired', nowMs)",
        '',
      ],
    ],
  },
  {
    name: 'recollection: a grant in context is good for longer',
    look: 'oneProcess',
    edits: [
      [
        'src/verification/recollection.ts',
        'if (nowMs >= goodUntilMs || nowMs - askedAtMs >= oldestMs) return null',
        'if (nowMs - askedAtMs >= 1.5 * oldestMs) return null',
      ],
    ],
  },
  {
    name: 'recollection: the caveats of a proven token are not judged',
    look: 'oneProcess',
    edits: [
      [
        'src/verification/recollection.ts',
        'return objectionOf(proof.caveats, request, onezoneNowMs, nowMs)',
        'return objectionOf([], request, onezoneNowMs, nowMs)',
      ],
    ],
  },
  {
    name: 'recollection: no skew is allowed for strangers',
    look: 'known',
    edits: [
      [
        'src/verification/recollection.ts',
        'onezoneTime.leastNow() - options.clockSkewMs',
        'onezoneTime.leastNow() + options.clockSkewMs',
      ],
    ],
  },
  {
    name: 'judgement: a context that only Onezone knows is judged here',
    look: 'oneProcess',
    edits: [
      [
        'src/verification/local-judgement.ts',
        "  'service',\n])",
        "  'service',\n  'session',\n  'geo',\n])",
      ],
    ],
  },
  {
    name: 'judgement: data caveats hold everywhere',
    look: 'known',
    edits: [
      [
        'src/verification/local-judgement.ts',
        'if (!request.allowDataAccessCaveats) {',
        'if (request.kind === undefined) {',
      ],
    ],
  },
  {
    name: 'lessons: an identity token tells about services',
    look: 'known',
    edits: [
      [
        'src/verification/lessons.ts',
        "const asAccess = request.kind === 'access'\n    if (asAccess)",
        "const asAccess = request.kind === 'access'\n    if (!asAccess || asAccess)",
      ],
    ],
  },
  {
    name: 'lessons: families are asked about too soon',
    look: 'oneProcess',
    edits: [
      ['src/verification/lessons.ts', '{ from: 0.65, jitter: 0.1 }', '{ from: 0.4, jitter: 0.1 }'],
    ],
  },
  {
    name: 'lessons: a block is not learned',
    look: 'oneProcess',
    edits: [
      [
        'src/verification/lessons.ts',
        "if (subject.type === 'user') ledger.sawBlocked(subject, askedAtMs)",
        '',
      ],
    ],
  },
  {
    name: 'lessons: a revocation is not learned',
    look: 'oneProcess',
    edits: [['src/verification/lessons.ts', '      ledger.sawRevoked(ref, askedAtMs)\n', '']],
  },
  {
    name: 'lessons: a grant in context outlives its refusal',
    look: 'known',
    edits: [
      [
        'src/verification/lessons.ts',
        'const hadContext = memory.contexts.delete(key)',
        'const hadContext = memory.contexts.peek(key) !== undefined',
      ],
    ],
  },
  {
    name: 'lessons: a yes that comes late is a yes',
    look: 'known',
    edits: [
      [
        'src/verification/lessons.ts',
        '    if (!ledger.sawAlive(family, askedAtMs, provenAtMs)) {',
        '    if (!ledger.sawAlive(family, askedAtMs, provenAtMs) && askedAtMs === -1) {',
      ],
    ],
  },
  {
    name: 'turns: nobody has a turn',
    look: 'lives',
    edits: [
      [
        'src/verification/turns.ts',
        '      return isFit(turn) ? turn : null',
        '      return isFit(turn.proof) ? null : null',
      ],
    ],
    equivalent: 'each token is asked about in time by itself; turns only make it sooner',
  },
  {
    name: 'memory: a refusal is kept for too long',
    look: 'known',
    edits: [
      [
        'src/verification/verdict-memory.ts',
        'const goodUntilMs = verdict.askedAtMs + negativeTtlMs',
        'const goodUntilMs = verdict.askedAtMs + 9_000 + 3 * negativeTtlMs',
      ],
    ],
  },
  {
    name: 'memory: a refusal is not kept',
    look: 'oneProcess',
    edits: [
      [
        'src/verification/verdict-memory.ts',
        'const goodUntilMs = verdict.askedAtMs + negativeTtlMs',
        'const goodUntilMs = verdict.askedAtMs + negativeTtlMs / 4',
      ],
    ],
  },
  {
    name: 'keys: the address is left out',
    look: 'known',
    edits: [
      ['src/verification/verdict-keys.ts', 'peerIp: (request) => request.peerIp,', 'peerIp: null,'],
    ],
  },
  {
    name: 'keys: the consumer token is left out',
    look: 'consumers',
    edits: [['src/verification/verdict-keys.ts', 'consumer: consumerPart,', 'consumer: null,']],
  },
  {
    name: 'token end: a token ends a minute later',
    look: 'clocks',
    edits: [
      [
        'src/verification/token-end.ts',
        'const ended = onezoneNowMs >= end.validUntilMs',
        'const ended = onezoneNowMs - 60_000 >= end.validUntilMs',
      ],
    ],
  },
  {
    name: 'token end: what was said before the clock was set counts',
    look: 'clocks',
    edits: [
      [
        'src/verification/token-end.ts',
        'if (end.toldAtMs <= setAtMs) return null',
        'if (end.toldAtMs === setAtMs && setAtMs === Infinity) return null',
      ],
    ],
  },
]

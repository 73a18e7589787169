import type { Mutant } from './mutant.ts'

/** What was once wrong, each time with what was mended there undone. */
export const ROWS: readonly Mutant[] = [
  {
    name: 'row 1: one holder’s token moves Onezone’s time',
    look: 'dateless',
    edits: [['src/revocation/onezone-time.ts', 'const QUORUM = 3', 'const QUORUM = 1']],
    equivalent:
      'as long as numbers that were cut off are left out, each voice is Onezone’s own and true, be it one or three',
  },
  {
    name: 'row 1: one token with a ttl that was cut off moves Onezone’s time',
    look: 'dateless',
    edits: [
      [
        'src/onezone/wire.ts',
        'if (value > Number.MAX_SAFE_INTEGER) return Infinity',
        'if (value > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER',
      ],
      [
        'src/revocation/onezone-time.ts',
        'if (!Number.isSafeInteger(validUntil) || !(ttlSeconds < Number.MAX_SAFE_INTEGER)) return',
        'if (validUntil === -1) return',
      ],
      ['src/revocation/onezone-time.ts', 'const QUORUM = 3', 'const QUORUM = 1'],
      [
        'src/verification/token-end.ts',
        '  return Math.abs(movedMs) <= DRIFT_MS ? ended : null',
        '  return movedMs === Infinity ? null : ended',
      ],
    ],
  },
  {
    name: 'row 1: a proven token ends by the estimate alone',
    look: 'clocks',
    edits: [
      [
        'src/verification/token-end.ts',
        '  return Math.abs(movedMs) <= DRIFT_MS ? ended : null',
        '  return movedMs === Infinity ? null : ended',
      ],
      [
        'src/verification/token-end.ts',
        'if (end.toldAtMs <= setAtMs) return null',
        'if (end.toldAtMs === setAtMs && setAtMs === Infinity) return null',
      ],
    ],
  },
  {
    name: 'row 2: a worker does not follow the primary’s time',
    look: 'workerClocks',
    edits: [
      [
        'src/cluster/followed-time.ts',
        '      offsetMs = nextMs',
        '      offsetMs = Math.min(offsetMs, nextMs)',
      ],
      [
        'src/verification/token-end.ts',
        'if (end.toldAtMs <= setAtMs) return null',
        'if (end.toldAtMs === setAtMs && setAtMs === Infinity) return null',
      ],
    ],
  },
  {
    name: 'row 3: a worker does not check how old a fact has grown',
    look: 'slowChannel',
    edits: [
      [
        'src/cluster/primary-backend.ts',
        'return isAccepted(verdict) && ageMs >= boundMs * USABLE_PART',
        'return isAccepted(verdict) && ageMs >= boundMs * 2',
      ],
    ],
  },
  {
    name: 'row 4: a stale grant that is shared loses its mark',
    look: 'told',
    edits: [
      [
        'src/verification/verdict-gate.ts',
        "source: source === 'stale' ? source : 'coalesced'",
        "source: source === 'stale' ? 'coalesced' : 'coalesced'",
      ],
    ],
  },
  {
    name: 'row 5: a refusal is not told to other workers',
    look: 'told',
    edits: [
      [
        'src/verification/lessons.ts',
        'if (hadContext || proof !== null || request.proven === true) onWithdrawal(key)',
        'if (key === "") onWithdrawal(key)',
      ],
    ],
  },
  {
    name: 'row 6: workers do not report use',
    look: 'watchedWorkers',
    edits: [
      [
        'src/cluster/use-report.ts',
        "    channel.send({ kind: 'used', families })",
        "    channel.send({ kind: 'unused', families })",
      ],
    ],
  },
  {
    name: 'row 7: a consumer token that no caveat reads is sent',
    look: 'oneProcess',
    edits: [
      ['src/verification/verdict-gate.ts', 'consumerToken: consumerOf(request), proven', 'proven'],
    ],
  },
  {
    name: 'row 8: what rests on a consumer token is not taken back',
    look: 'takenBack',
    edits: [
      [
        'src/verification/invalidation.ts',
        '(consumer !== null && (hasToken(consumer.digest) || selects(selection, consumer.family))),',
        '(consumer !== null && hasToken("") && selects(selection, consumer.family)),',
      ],
    ],
  },
  {
    name: 'row 9: a consumer token that is known to be dead counts',
    look: 'consumers',
    edits: [
      [
        'src/verification/recollection.ts',
        'if (consumer !== null && ledger.deathOf(consumer.family, askedAtMs) !== null) {',
        'if (consumer !== null && askedAtMs === Infinity) {',
      ],
      [
        'src/verification/recollection.ts',
        '(consumer === null || ledger.stillCounts(consumer.family, askedAtMs))',
        '(consumer === null || askedAtMs > -1)',
      ],
    ],
  },
  {
    name: 'row 10: a proof outlives its refusal',
    look: 'lives',
    edits: [
      ['src/verification/lessons.ts', '        proof.kept = false\n', ''],
      [
        'src/verification/lessons.ts',
        '        if (isLost) ledger.sawLost(proof.family, askedAtMs, proof.confirmedAtMs)\n',
        '        if (isLost && askedAtMs === -1) ledger.sawLost(proof.family, askedAtMs)\n',
      ],
      [
        'src/verification/lessons.ts',
        '      memory.proofs.delete(key) // it must be proven anew\n',
        '',
      ],
    ],
  },
  {
    name: 'row 11: a generation never goes back',
    look: 'lives',
    edits: [
      [
        'src/revocation/generations.ts',
        "  if (isOver && askedAtMs <= known.overAtMs) return 'late'",
        "  if (isOver) return 'late'",
      ],
    ],
  },
  {
    name: 'row 12: a token is never itself asked about',
    look: 'lives',
    edits: [
      [
        'src/verification/proven-grant.ts',
        'export const OWN_QUESTION_INTERVALS = 10',
        'export const OWN_QUESTION_INTERVALS = 1e9',
      ],
    ],
  },
  {
    name: 'row 13: a younger demand shares an older question',
    look: 'young',
    edits: [
      [
        'src/verification/single-flight.ts',
        'latest !== undefined && latest.sentAtMs >= sinceMs',
        'latest !== undefined && latest.sentAtMs >= sinceMs - 1e9',
      ],
    ],
    equivalent:
      'the gate looks once more at how old a shared grant is, and asks then: it takes longer, by one answer',
  },
  {
    name: 'row 13: a younger demand shares an older answer',
    look: 'young',
    edits: [
      [
        'src/verification/single-flight.ts',
        'latest !== undefined && latest.sentAtMs >= sinceMs',
        'latest !== undefined && latest.sentAtMs >= sinceMs - 1e9',
      ],
      [
        'src/verification/verdict-gate.ts',
        "const isYoung = !isAccepted(verdict) || verdict.askedAtMs >= sinceMs || source === 'stale'",
        "const isYoung = sinceMs > -1e300 || source === 'stale'",
      ],
    ],
  },
  {
    name: 'row 14: the sample that came last wins',
    look: 'dateless',
    edits: [
      [
        'src/revocation/onezone-time.ts',
        'if (known !== undefined && known.askedAtMs > times.askedAtMs) return',
        'if (known !== undefined && known.askedAtMs === Infinity) return',
      ],
      [
        'src/verification/token-end.ts',
        'if (end.toldAtMs <= setAtMs) return null',
        'if (end.toldAtMs === setAtMs && setAtMs === Infinity) return null',
      ],
    ],
  },
  {
    name: 'row 15: who explains leaves a trace',
    look: 'tiny',
    edits: [
      [
        'src/verification/inspect.ts',
        'kept ? proof.family : ledger.glance.open(ref, proof.subject)',
        'kept ? proof.family : ledger.open(ref, proof.subject)',
      ],
    ],
  },
]

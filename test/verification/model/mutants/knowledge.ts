import type { Mutant } from './mutant.ts'

/** What verdicts rest on, and the processes that share it: each guard, bound and comparison once. */
export const KNOWLEDGE: readonly Mutant[] = [
  {
    name: 'ledger: a fact older than a death counts',
    look: 'watched',
    edits: [['src/revocation/family-ledger.ts', '    askedAtMs > family.deadAtMs &&\n', '']],
  },
  {
    name: 'ledger: a fact from before it was taken back counts',
    look: 'takenBack',
    edits: [
      ['src/revocation/family-ledger.ts', '    askedAtMs > family.distrustedUntilMs &&\n', ''],
    ],
  },
  {
    name: 'ledger: a fact older than a block counts',
    look: 'watched',
    edits: [
      [
        'src/revocation/family-ledger.ts',
        '    askedAtMs > (currentSubject(family)?.blockedAtMs ?? -Infinity) &&\n',
        '',
      ],
    ],
  },
  {
    name: 'ledger: a death is believed for too long',
    look: 'oneProcess',
    edits: [
      [
        'src/revocation/family-ledger.ts',
        'clock.monotonic() - atMs < negativeTtlMs',
        'clock.monotonic() - atMs < 20 * negativeTtlMs + 9_000',
      ],
    ],
  },
  {
    name: 'ledger: what was proven in a former life is proven',
    look: 'lives',
    edits: [
      [
        'src/revocation/family-ledger.ts',
        '    return askedAtMs > overSince(subject.generations, ref.generation)',
        '    return askedAtMs > -1',
      ],
    ],
  },
  {
    name: 'ledger: a block is not taken back by a yes',
    look: 'known',
    edits: [
      [
        'src/revocation/family-ledger.ts',
        'subject.blockedAtMs >= subject.aliveAtMs &&',
        'subject.blockedAtMs > -Infinity &&',
      ],
    ],
  },
  {
    name: 'generations: a dead one is believed for too long',
    look: 'lives',
    edits: [
      [
        'src/revocation/generations.ts',
        'const BELIEVED_MS = 60_000',
        'const BELIEVED_MS = 600_000',
      ],
    ],
  },
  {
    name: 'generations: a dead one is not believed',
    look: 'lives',
    edits: [
      ['src/revocation/generations.ts', 'const BELIEVED_MS = 60_000', 'const BELIEVED_MS = 1_000'],
    ],
  },
  {
    name: 'generations: the named one is over, too',
    look: 'lives',
    edits: [
      [
        'src/revocation/generations.ts',
        '  known.overUpTo = generation - 1\n',
        '  known.overUpTo = generation\n',
      ],
    ],
  },
  {
    name: 'time: a sleep is not noticed',
    look: 'sleep',
    edits: [['src/revocation/onezone-time.ts', '      offsetMs += ms', '      offsetMs += 0 * ms']],
  },
  {
    name: 'time: no answer counts',
    look: 'clocks',
    edits: [
      [
        'src/revocation/onezone-time.ts',
        '    offsetMs = nearestTo(0, range)',
        '    offsetMs = nearestTo(0, range) * 0',
      ],
    ],
  },
  {
    name: 'suspension: is not looked for',
    look: 'sleep',
    edits: [
      [
        'src/verification/suspension.ts',
        '    if (stepMs === 0) return',
        '    if (stepMs >= 0) return',
      ],
    ],
  },
  {
    name: 'streams: a sleep is not noticed',
    look: 'sleep',
    edits: [
      ['src/proxy/open-streams.ts', 'if (sleptMs > 0) schedule', 'if (sleptMs < 0) schedule'],
    ],
  },
  {
    name: 'streams: carry on beyond the bound',
    look: 'streams',
    edits: [
      [
        'src/proxy/open-streams.ts',
        'entry.askedAtMs + boundMs - mostPatienceMs',
        'entry.askedAtMs + 2 * boundMs - mostPatienceMs',
      ],
    ],
  },
  {
    name: 'invalidation: families are not taken back',
    look: 'takenBack',
    edits: [
      [
        'src/verification/invalidation.ts',
        'for (const family of families) ledger.distrust(family)',
        '',
      ],
    ],
  },
  {
    name: 'invalidation: questions under way count',
    look: 'takenBack',
    edits: [
      [
        'src/verification/invalidation.ts',
        '        isMeant(token) || (consumerToken !== null && isMeant(consumerToken)),',
        '        isMeant(token) && consumerToken !== null && isMeant(consumerToken),',
      ],
    ],
  },
  {
    name: 'invalidation: a dry run takes back',
    look: 'takenBack',
    edits: [
      [
        'src/verification/invalidation.ts',
        'if (dryRun) return counted',
        'if (dryRun && counted.families > 3) return counted',
      ],
    ],
  },
  {
    name: 'codec: a grant is younger than it is',
    look: 'workers',
    edits: [
      [
        'src/cluster/answer-codec.ts',
        'const askedAtMs = sentAtMs - Math.max(0, ageMs)',
        'const askedAtMs = sentAtMs - Math.max(0, 0 * ageMs)',
      ],
    ],
  },
  {
    name: 'codec: a refusal is younger than it is',
    look: 'workers',
    edits: [
      ['src/cluster/answer-codec.ts', 'heardAtMs - Math.max(0, answerAgeMs)', 'heardAtMs + 8_000'],
    ],
  },
  {
    name: 'codec: a demand for youth is lost',
    look: 'young',
    edits: [['src/cluster/question-codec.ts', '    proven,\n    maxFactAgeMs,\n', '    proven,\n']],
  },
  {
    name: 'herald: the time is not told',
    look: 'workerClocks',
    edits: [
      [
        'src/cluster/herald.ts',
        'if (!isSet && Math.abs(aheadMs() - toldMs) < LEAST_STEP_MS) return',
        'if (toldMs > -1e300 || isSet) return',
      ],
    ],
  },
  {
    name: 'workers: conclude from refusals',
    look: 'workers',
    edits: [['src/cluster/worker-verification.ts', 'refusalsTell: false,', 'refusalsTell: true,']],
  },
  {
    name: 'workers: remember refusals for as long as the primary',
    look: 'workers',
    edits: [
      [
        'src/cluster/worker-verification.ts',
        'const NEGATIVE_TTL_PART = 0.25',
        'const NEGATIVE_TTL_PART = 4',
      ],
    ],
  },
  {
    name: 'watch: a family that is missing is not lost',
    look: 'watched',
    edits: [
      [
        'src/revocation/family-watch.ts',
        "if (ref.kind === 'named' && family.kept) ledger.sawLost(family, askedAtMs)",
        '',
      ],
    ],
  },
  {
    name: 'watch: reads while the breaker is open',
    look: 'watched',
    edits: [
      [
        'src/revocation/family-watch.ts',
        'while (mayRead() && underWay < pace.allowance)',
        'while (underWay < pace.allowance)',
      ],
    ],
  },
  {
    name: 'watch: too many readings at once',
    look: 'watched',
    edits: [
      [
        'src/revocation/watch-pace.ts',
        'if (trouble === null) return concurrency',
        'if (trouble === null) return 64',
      ],
    ],
  },
  {
    name: 'watch: reads what is being read',
    look: 'watched',
    edits: [['src/revocation/watch-roster.ts', '        if (target.reading) continue\n', '']],
  },
]

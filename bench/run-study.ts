import { loadavg } from 'node:os'

import { CheckFailure } from './run-suite.ts'
import type { Experiment, Finding, Study } from './study.ts'

/** What became of one experiment. */
export interface ExperimentResult {
  readonly experiment: string
  readonly method: string | null
  /** Why there are no findings. */
  readonly skipped?: string
  readonly findings: readonly Finding[]
  /** Load average of the minute before it began; what was measured before it is part of that. */
  readonly loadBefore: number | null
  readonly elapsedSeconds: number
}

export interface StudyResult {
  readonly study: Study
  readonly experiments: readonly ExperimentResult[]
}

export interface RunStudyOptions {
  /** The directory of the compiled product. */
  readonly product: string
  /** Told what happens now. */
  readonly onProgress: (text: string) => void
}

/**
 * Checks all experiments, then does one after the other.
 *
 * @throws {CheckFailure} naming the experiment.
 */
export async function runStudy(study: Study, options: RunStudyOptions): Promise<StudyResult> {
  const { product, onProgress } = options
  const opened = study.open(product)
  const runnable = opened.filter((experiment) => 'measure' in experiment)

  const attempt = async <T>(
    doing: string,
    experiment: Experiment,
    work: () => Promise<T>,
  ): Promise<T> => {
    onProgress(`${study.name}: ${doing} ${experiment.name}`)
    try {
      return await work()
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      throw new CheckFailure(`${study.name}, ${doing} "${experiment.name}": ${text}`, {
        cause: error,
      })
    }
  }

  const measure = async (experiment: Experiment): Promise<ExperimentResult> => {
    const loadBefore = Math.round((loadavg()[0] ?? 0) * 100) / 100
    const begun = performance.now()
    const findings = await attempt('measuring', experiment, () => experiment.measure())
    await experiment.close?.()
    return {
      experiment: experiment.name,
      method: experiment.method,
      findings,
      loadBefore,
      elapsedSeconds: Math.round((performance.now() - begun) / 100) / 10,
    }
  }

  try {
    for (const experiment of runnable) {
      await attempt('checking', experiment, () => experiment.check())
    }
    const results: ExperimentResult[] = []
    for (const experiment of opened) {
      results.push(
        'measure' in experiment ? await measure(experiment) : withoutFindings(experiment),
      )
    }
    return { study, experiments: results }
  } finally {
    await Promise.allSettled(runnable.map(async (experiment) => experiment.close?.()))
  }
}

function withoutFindings(experiment: { name: string; skipped: string }): ExperimentResult {
  return {
    experiment: experiment.name,
    method: null,
    skipped: experiment.skipped,
    findings: [],
    loadBefore: null,
    elapsedSeconds: 0,
  }
}

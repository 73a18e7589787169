import type { Registry } from 'prom-client'
import { Counter } from 'prom-client'

import { DIALECT_NAMES } from '../forward-auth/index.ts'
import { OUTCOMES } from './known-labels.ts'

/** Counts the questions of front proxies: where there is no forward auth, there is nothing to count. */
export function countQuestions(registers: Registry[]): Counter<'dialect' | 'outcome'> {
  const questions = new Counter({
    name: 'onegate_forward_auth_requests_total',
    help: 'Questions of front proxies, by dialect and outcome (granted, refused, fault).',
    labelNames: ['dialect', 'outcome'],
    registers,
  })
  for (const dialect of [...DIALECT_NAMES, 'grpc', 'unknown']) {
    for (const outcome of OUTCOMES) questions.inc({ dialect, outcome }, 0)
  }
  return questions
}

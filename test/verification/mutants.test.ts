import { readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { KNOWLEDGE } from './model/mutants/knowledge.ts'
import { ROWS } from './model/mutants/rows.ts'
import { VERDICTS } from './model/mutants/verdicts.ts'

const ROOT = new URL('../..', import.meta.url)

test('each mutant of the model breaks a text that stands exactly once in its file', () => {
  const astray = [...ROWS, ...VERDICTS, ...KNOWLEDGE].flatMap(({ name, edits }) =>
    edits
      .map(([file, text]) => ({
        name,
        file,
        times: readFileSync(new URL(file, ROOT), 'utf8').split(text).length - 1,
      }))
      .filter(({ times }) => times !== 1),
  )

  expect(astray).toEqual([])
})

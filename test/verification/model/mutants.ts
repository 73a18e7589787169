/**
 * Breaks the sources in one way after the other and shows whether the model finds it: `tsx
 * test/verification/model/mutants.ts` with parts of names, or without for all. `MODEL_SEEDS` and `MODEL_STEPS`: how
 * long it is looked for.
 *
 * @module
 */

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { argv, env, exit, stdout } from 'node:process'
import { fileURLToPath } from 'node:url'

import type { Mutant } from './mutant-list.ts'
import { MUTANTS } from './mutant-list.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const SEEDS = Number(env['MODEL_SEEDS'] ?? 60)
const STEPS = Number(env['MODEL_STEPS'] ?? 120)
/** What a run needs of the tree. */
const PARTS = ['src', 'test/verification/model', 'test/helpers', 'package.json', 'tsconfig.json']

interface Found {
  readonly rule: string | null
  readonly seeds: number
  readonly steps: number
}

function look(tree: string): Found {
  const runner = join(tree, 'test/verification/model/mutant-run.ts')
  const { stdout: said, stderr } = spawnSync(
    join(ROOT, 'node_modules/.bin/tsx'),
    [runner, String(SEEDS), String(STEPS)],
    { cwd: tree, encoding: 'utf8' },
  )
  const last = said.trim().split('\n').at(-1) ?? ''
  if (!last.startsWith('{'))
    return { rule: `it breaks: ${stderr.slice(0, 200)}`, seeds: 0, steps: 0 }
  return JSON.parse(last) as Found
}

/** Fails loudly where the text is not there exactly once: then the mutant must be written anew. */
function broken({ file, text, replacement }: Mutant, tree: string): void {
  const path = join(tree, file)
  const parts = readFileSync(path, 'utf8').split(text)
  if (parts.length !== 2) throw new Error(`${file} holds ${parts.length - 1} times: ${text}`)
  writeFileSync(path, parts.join(replacement))
}

const wanted = argv.slice(2)
const chosen = MUTANTS.filter(
  ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
)
const tree = mkdtempSync(join(tmpdir(), 'onegate-mutants-'))
let missed = 0
try {
  for (const part of PARTS) cpSync(join(ROOT, part), join(tree, part), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'))
  for (const mutant of MUTANTS) {
    broken(mutant, tree)
    cpSync(join(ROOT, mutant.file), join(tree, mutant.file))
  }
  const { rule } = look(tree)
  if (rule !== null) throw new Error(`Unbroken, the model finds: ${rule}`)
  stdout.write('| mutant | found by | seeds | steps |\n| --- | --- | --- | --- |\n')
  for (const mutant of chosen) {
    broken(mutant, tree)
    const found = look(tree)
    cpSync(join(ROOT, mutant.file), join(tree, mutant.file))
    const { equivalent } = mutant
    if (found.rule === null && equivalent === undefined) missed += 1
    const by = found.rule ?? (equivalent === undefined ? '**not found**' : `none: ${equivalent}`)
    stdout.write(`| ${mutant.name} | ${by} | ${found.seeds} | ${found.steps} |\n`)
  }
} finally {
  rmSync(tree, { recursive: true })
}
exit(missed === 0 ? 0 : 1)

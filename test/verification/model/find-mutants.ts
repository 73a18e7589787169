/**
 * Breaks the sources in one way after the other and shows whether the model finds it: `tsx
 * test/verification/model/find-mutants.ts` with parts of names, or without for all, with the unbroken sources first:
 * where a rule is violated by these, it finds nothing. `MODEL_SECONDS`: for how long each is looked for, in seconds of
 * the processor's time; `MODEL_STEPS`: in worlds of how many steps. A quarter of an hour of one core is enough for all.
 *
 * Prints a table, and exits with 1 where one was not found that should be, or the unbroken sources were at fault.
 *
 * @module
 */

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { argv, env, exit, stdout } from 'node:process'
import { fileURLToPath } from 'node:url'

import { DIRECTIONS } from './directions.ts'
import type { DirectionName } from './directions.ts'
import { KNOWLEDGE } from './mutants/knowledge.ts'
import type { Mutant } from './mutants/mutant.ts'
import { ROWS } from './mutants/rows.ts'
import { VERDICTS } from './mutants/verdicts.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const SECONDS = env['MODEL_SECONDS'] ?? '25'
/** What is equivalent shall not be found, and is looked for less; and so is what is not broken, in each direction. */
const EQUIVALENT_SECONDS = '6'
/** Nothing is broken. */
const CONTROL = 'control'
const STEPS = env['MODEL_STEPS'] ?? '60'
/** What a run needs of the tree. */
const PARTS = ['src', 'test/verification/model', 'test/helpers', 'package.json', 'tsconfig.json']

interface Found {
  readonly rule: string | null
  readonly worlds: number
  readonly steps: number
}

function look(tree: string, { look: direction, equivalent }: Mutant): Found {
  const seconds = equivalent === undefined ? SECONDS : EQUIVALENT_SECONDS
  const { stdout: said, stderr } = spawnSync(
    join(ROOT, 'node_modules/.bin/tsx'),
    [join(tree, 'test/verification/model/mutants/look.ts'), direction, seconds, STEPS],
    { cwd: tree, encoding: 'utf8' },
  )
  const last = said.trim().split('\n').at(-1) ?? ''
  if (last.startsWith('{')) return JSON.parse(last) as Found
  return { rule: `it breaks: ${stderr.slice(0, 200)}`, worlds: 0, steps: 0 }
}

/** Fails loudly where a text is not there exactly once: then the mutant must be written anew. */
function broken({ edits, name }: Mutant, tree: string): void {
  for (const [file, text, replacement] of edits) {
    const path = join(tree, file)
    const parts = readFileSync(path, 'utf8').split(text)
    if (parts.length !== 2) {
      throw new Error(`${name}: ${file} holds ${parts.length - 1} times: ${text}`)
    }
    writeFileSync(path, parts.join(replacement))
  }
}

function mended({ edits }: Mutant, tree: string): void {
  for (const [file] of edits) cpSync(join(ROOT, file), join(tree, file))
}

const wanted = argv.slice(2)
const mutants = [...ROWS, ...VERDICTS, ...KNOWLEDGE]
const controls = (Object.keys(DIRECTIONS) as DirectionName[]).map((direction): Mutant => ({
  name: `${CONTROL}: ${direction}`,
  look: direction,
  edits: [],
  equivalent: 'nothing is broken',
}))
const all = [...controls, ...mutants]
const chosen = all.filter(
  ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
)
const tree = mkdtempSync(join(tmpdir(), 'onegate-mutants-'))
let missed = 0
try {
  for (const part of PARTS) cpSync(join(ROOT, part), join(tree, part), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'))
  for (const mutant of mutants) {
    broken(mutant, tree)
    mended(mutant, tree)
  }
  stdout.write('| mutant | file | found by | worlds | steps |\n| --- | --- | --- | --- | --- |\n')
  for (const mutant of chosen) {
    broken(mutant, tree)
    const { rule, worlds, steps } = look(tree, mutant)
    mended(mutant, tree)
    const { name, edits, equivalent } = mutant
    if ((rule === null) !== (equivalent !== undefined)) missed += 1
    const by = rule ?? (equivalent === undefined ? '**not found**' : `none: ${equivalent}`)
    const files = [...new Set(edits.map(([file]) => file))].join(', ')
    stdout.write(`| ${name} | ${files} | ${by} | ${worlds} | ${steps} |\n`)
  }
} finally {
  rmSync(tree, { recursive: true })
}
exit(missed === 0 ? 0 : 1)

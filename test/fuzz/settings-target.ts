import { parseConfig } from '../../src/config/config-file.ts'
import { expectThat } from './expect-that.ts'
import { configTarget, outcomeOf, judge } from './config-target.ts'
import type { Random } from './random.ts'
import type { Target } from './target.ts'

type Value = null | boolean | number | string | Value[] | { [key: string]: Value }

/** What the texts of configurations say: YAML is read once, and not for each input. */
const VALUES = configTarget.corpus.map((text) => parseConfig(text).value as Value)

const LEAVES: readonly Value[] = [
  null,
  true,
  false,
  0,
  1,
  -1,
  0.5,
  65_536,
  2 ** 53,
  1e308,
  '',
  ' ',
  '\0',
  '/',
  '/**',
  '/:id/x',
  '/a/../b',
  '*',
  '*.example.org',
  'none',
  'auto',
  '30s',
  '127.0.0.1:0',
  '[::1]:99999',
  '10.0.0.0/33',
  'unix:///run/a.sock?mode=999',
  'http://a:1',
  'https://user:pass@a/?q#f',
  'http://',
  '//a',
  'GET',
  'X-Onedata-Subject-Id',
  'Content-Length',
  '${NAME}',
  'x'.repeat(5_000),
  [],
  {},
]

/** Those that no text has. */
const OTHER_KEYS =
  'adminListen adminTokenFile clientIdleMs limits log maxBodyBytes passHeaders realm reload shutdown timeouts verifier'

const KEYS: readonly string[] = [
  ...new Set([...VALUES.flatMap(keysIn), ...OTHER_KEYS.split(' ')]),
  '__proto__',
  'constructor',
  'toString',
  '',
  '0',
]

function keysIn(value: Value): string[] {
  if (Array.isArray(value)) return value.flatMap(keysIn)
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, inner]) => [key, ...keysIn(inner)])
}

/** Some part of a value, the whole among them. */
function partOf(value: Value, random: Random): Value {
  const inner = value === null || typeof value !== 'object' ? [] : Object.values(value)
  return inner.length === 0 || random.below(3) === 0 ? value : partOf(random.pick(inner), random)
}

const anything = (random: Random): Value =>
  random.below(3) === 0 ? partOf(random.pick(VALUES), random) : random.pick(LEAVES)

/** The same with one place changed: another value, one more, one less, or under another name. */
function changed(value: Value, random: Random): Value {
  if (value === null || typeof value !== 'object') return anything(random)
  const isList = Array.isArray(value)
  const pairs: [string, Value][] = Object.entries(value)
  const at = random.below(pairs.length + 1)
  const pair = pairs[at]
  const how = random.below(12)
  if (pair === undefined || how === 0) pairs.splice(at, 0, [random.pick(KEYS), anything(random)])
  else if (how === 1) pairs.splice(at, 1)
  else if (how === 2) pairs[at] = [random.pick(KEYS), pair[1]]
  else pairs[at] = [pair[0], changed(pair[1], random)]
  if (isList) return pairs.map(([, inner]) => inner)
  return Object.fromEntries(pairs)
}

/** Configurations whose text can be read: what is judged of them, without what YAML costs. */
export const settingsTarget: Target = {
  name: 'settings',
  corpus: VALUES.map((value) => JSON.stringify(value)),
  words: LEAVES.map((leaf) => JSON.stringify(leaf)),
  dress(_text, random) {
    let value = random.pick(VALUES)
    for (let left = 1 + random.below(4); left > 0; left--) value = changed(value, random)
    return JSON.stringify(value)
  },
  run(text) {
    const paths = judge(JSON.parse(text) as unknown)
    expectThat(({} as { polluted?: unknown }).polluted === undefined, 'a prototype was changed')
    return outcomeOf(paths)
  },
}

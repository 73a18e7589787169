import { expect, test } from 'vitest'
import { parseStrictJson } from '../../src/http-client/strict-json.ts'

const parse = (text: string): unknown => parseStrictJson(Buffer.from(text))

test.each([
  '{}',
  ' [1,2.5e3,-0,null,true,"x"]\n',
  '"\\u0000\\ud800 \\" : {["',
  '{"a":{"b":[]},"b":{"a":1}}',
  '[{"a":1},{"a":2}]',
  '{"a":"a","b":"b:"}',
  '{"":1,"\\u0041":2,"B":3}',
  `${'['.repeat(16)}${']'.repeat(16)}`,
])('%s is read as JSON.parse reads it', (text) => {
  expect(parse(text)).toEqual(JSON.parse(text))
})

test.each([
  ['', 'not JSON'],
  ['{"a":1', 'not JSON'],
  ['{"a":1}}', 'not JSON'],
  ['{"a', 'not JSON'],
  ['{"a\\', 'not JSON'],
  ['{"\\q":1}', 'not JSON'],
  ['{"a":1,}', 'not JSON'],
  ["{'a':1}", 'not JSON'],
  ['{"a":NaN}', 'not JSON'],
  ['\ufeff{}', 'not JSON'],
  ['{"a":1,"a":1}', 'one key twice in an object'],
  ['{"a" :1,"b":[{}],"a"\n:2}', 'one key twice in an object'],
  ['[{"x":{"a":1,"\\u0061":2}}]', 'one key twice in an object'],
  ['{"__proto__":1,"__proto__":2}', 'one key twice in an object'],
  [`${'['.repeat(17)}${']'.repeat(17)}`, 'nested deeper than 16'],
  ['{"a":'.repeat(100_000), 'nested deeper than 16'],
])('%s is refused', (text, why) => {
  expect(() => parse(text)).toThrow(new SyntaxError(why))
})

test('bytes that are not UTF-8 are refused', () => {
  expect(() => parseStrictJson(Buffer.from([0x22, 0xff, 0x22]))).toThrow(
    new SyntaxError('not UTF-8'),
  )
  expect(() => parseStrictJson(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]))).toThrow(
    new SyntaxError('not UTF-8'),
  )
})

// Were it the square, each would take an hour, and the test its time-out.
test.each([
  '"'.repeat(4_000_000),
  '\\"'.repeat(2_000_000),
  '"\\"'.repeat(1_000_000),
  `{"${'a'.repeat(4_000_000)}`,
])('malice costs linear time', (text) => {
  expect(() => parse(text)).toThrow(SyntaxError)
})

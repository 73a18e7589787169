import { describe, expect, test } from 'vitest'
import {
  encodeJson,
  JsonFloat,
  readJson,
  withoutFloats,
  writeJson,
} from '../../src/dev-onezone/json-text.ts'

describe('JSON as Onezone reads it', () => {
  test.each([
    ' {"a" : [1, {"b":"\\"x\\\\"}], "":{}, "a":[ ]}\n',
    '{"__proto__":{"z":1},"2":0,"1":"\\ud83d\\ude00"}',
    '[[],[[]],"",true,false,null,-0,-5,9007199254740991]',
    '"\\u0000"',
  ])('%s is what JSON.parse makes of it', (text) => {
    expect(readJson(text)).toEqual(JSON.parse(text.replace('-0', '0')))
  })

  test('integers are exact and floats are told apart from them', () => {
    expect(readJson('[9007199254740993, -1e0, 5.0, 1E+2]')).toEqual([
      9007199254740993n,
      new JsonFloat(-1),
      new JsonFloat(5),
      new JsonFloat(100),
    ])
    expect(withoutFloats(readJson('{"a":[5.0,{"b":1e2}]}'))).toEqual({ a: [5, { b: 100 }] })
    expect(writeJson(readJson(`[${'9'.repeat(400)},5.5]`))).toBe(`[${'9'.repeat(400)},5.5]`)
  })

  test('it may be nested deeply', () => {
    expect(readJson('['.repeat(100_000) + ']'.repeat(100_000))).toBeInstanceOf(Array)
  })

  test.each([
    '',
    '[',
    '[1',
    '{"a"}',
    '{"a":}',
    '[1,]',
    '{,}',
    '{"a":1,}',
    '[,1]',
    '{1:2}',
    '[1 2]',
    '[1]x',
    '01',
    '1.',
    '.5',
    '+1',
    '1e',
    '-',
    '--1',
    '1e999',
    '[-0.1e310]',
    'nul',
    'tru e',
    '"a',
    '"\\x"',
    '"\n"',
    '"\\ud800"',
    '{"\\udc00":1}',
    '\u00a01',
    '\ufeff1',
  ])('%j is none', (text) => {
    expect(() => readJson(text)).toThrow(SyntaxError)
  })

  test('what is no Unicode text cannot be answered', () => {
    expect(encodeJson({ a: ['ż', undefined], b: undefined })).toBe('{"a":["ż",null]}')
    expect(encodeJson({ a: ['\udcff'] })).toBeNull()
    expect(encodeJson({ '\udcff': 1 })).toBeNull()
    expect(writeJson(['\udcff'])).toBe('["\\udcff"]')
  })
})

import { describe, expect, test } from 'vitest'

import { readStreamHead } from '../../src/listener/stream-head.ts'

const METHOD = [':method', 'GET']
const SCHEME = [':scheme', 'https']
const AUTHORITY = [':authority', 'a.test']
const PATH = [':path', '/x?y']
const WHOLE = [METHOD, SCHEME, AUTHORITY, PATH]

const read = (...fields: readonly (readonly string[])[]) => readStreamHead(fields.flat())

describe('the head of a request', () => {
  test('is written down as HTTP/1.1 has it', () => {
    expect(read(...WHOLE, ['a', 'b'], ['a', 'c'])).toEqual({
      method: 'GET',
      target: '/x?y',
      fields: ['host', 'a.test', 'a', 'b', 'a', 'c'],
    })
  })

  test('may name its host in a field, or in both ways alike, and is left with one', () => {
    const host = ['host', 'a.test']
    expect(read(METHOD, SCHEME, PATH, ['a', 'b'], host)?.fields).toEqual(['a', 'b', ...host])
    expect(read(...WHOLE, ['a', 'b'], host)?.fields).toEqual([...host, 'a', 'b'])
  })

  test('keeps a host that differs, and a second one, for the proxy to refuse', () => {
    expect(read(...WHOLE, ['host', 'b.test'])?.fields).toEqual(['host', 'a.test', 'host', 'b.test'])
    const twice = read(...WHOLE, ['host', 'a.test'], ['host', 'a.test'])?.fields
    expect(twice).toEqual(['host', 'a.test', 'host', 'a.test'])
    expect(read(METHOD, SCHEME, PATH)?.fields).toEqual([])
  })

  test('has an absolute target where it is not for https', () => {
    expect(read(METHOD, [':scheme', 'http'], AUTHORITY, PATH)?.target).toBe('http://a.test/x?y')
    expect(read(METHOD, [':scheme', 'HTTPS'], AUTHORITY, PATH)?.target).toBe('HTTPS://a.test/x?y')
  })

  test('joins the crumbs of a cookie, and nothing else', () => {
    const crumbs = [
      ['cookie', 'a=1'],
      ['x', 'y'],
      ['cookie', 'b=2'],
      ['cookie', 'c=3'],
    ]
    expect(read(...WHOLE, ...crumbs)?.fields).toEqual([
      'host',
      'a.test',
      'cookie',
      'a=1; b=2; c=3',
      'x',
      'y',
    ])
  })

  test('of CONNECT has an authority and nothing else', () => {
    const connect = [':method', 'CONNECT']
    expect(read(connect, AUTHORITY)).toEqual({
      method: 'CONNECT',
      target: 'a.test',
      fields: ['host', 'a.test'],
    })
    expect(read(connect)).toBeNull()
    expect(read(connect, AUTHORITY, SCHEME)).toBeNull()
    expect(read(connect, AUTHORITY, PATH)).toBeNull()
  })

  test.each<readonly [title: string, fields: readonly (readonly string[])[]]>([
    ['without a method', [SCHEME, AUTHORITY, PATH]],
    ['without a scheme', [METHOD, AUTHORITY, PATH]],
    ['without a path', [METHOD, SCHEME, AUTHORITY]],
    ['with an empty method', [[':method', ''], SCHEME, AUTHORITY, PATH]],
    ['with an empty path', [METHOD, SCHEME, AUTHORITY, [':path', '']]],
    ['with two methods', [...WHOLE, METHOD]],
    ['with two schemes', [...WHOLE, SCHEME]],
    ['with two authorities', [...WHOLE, AUTHORITY]],
    ['with two paths', [...WHOLE, PATH]],
    ['with a pseudo-header field after others', [METHOD, SCHEME, AUTHORITY, ['a', 'b'], PATH]],
    ['with one that nobody knows', [...WHOLE, [':x', 'y']]],
    ['with the status of a response', [...WHOLE, [':status', '200']]],
    [
      'with a protocol',
      [[':method', 'CONNECT'], SCHEME, AUTHORITY, PATH, [':protocol', 'websocket']],
    ],
    ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'].map(
      (name) => [`with ${name}`, [...WHOLE, [name, 'x']]] as const,
    ),
    ['with another te', [...WHOLE, ['te', 'gzip']]],
    ...['', 'A', 'Host', 'a b', 'a:b', 'a\r', 'a\0', '\xe9', ':'].map(
      (name) => [`with a field called ${JSON.stringify(name)}`, [...WHOLE, [name, 'x']]] as const,
    ),
    ...['a\r\nb: c', 'a\nb', 'a\rb', 'a\0b', ' a', 'a ', '\ta', 'a\t', '\x7f', ' '].map(
      (value) => [`with the value ${JSON.stringify(value)}`, [...WHOLE, ['a', value]]] as const,
    ),
    ['with a path that ends its line', [METHOD, SCHEME, AUTHORITY, [':path', '/\r\nx: y']]],
  ])('%s is malformed', (_title, fields) => {
    expect(read(...fields)).toBeNull()
  })

  test('may have what is merely unusual', () => {
    expect(read(...WHOLE, ['te', 'trailers'], ['a', ''], ['b', 'x \t\xe9'])?.fields).toHaveLength(8)
  })
})

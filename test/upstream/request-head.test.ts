import { Readable } from 'node:stream'

import { expect, test } from 'vitest'

import type { UpstreamRequest } from '../../src/upstream/index.ts'
import { writeRequestHead } from '../../src/upstream/request-head.ts'

const request = (given: Partial<UpstreamRequest>): UpstreamRequest => ({
  origin: 'http://up.test',
  method: 'GET',
  path: '/x?y',
  headers: ['Host', 'up.test'],
  body: null,
  headersTimeout: 0,
  bodyTimeout: 0,
  ...given,
})

const START = 'Connection: keep-alive\r\nHost: up.test\r\n'

test.each([
  ['GET', {}, `GET /x?y HTTP/1.1\r\n${START}\r\n`, 0],
  [
    'POST without a body',
    { method: 'POST' },
    `POST /x?y HTTP/1.1\r\n${START}Content-Length: 0\r\n\r\n`,
    0,
  ],
  [
    'a body by length',
    {
      method: 'PUT',
      headers: ['Host', 'up.test', 'content-length', '3'],
      body: Readable.from('abc'),
    },
    `PUT /x?y HTTP/1.1\r\n${START}content-length: 3\r\n\r\n`,
    3,
  ],
  [
    'a body in chunks',
    { method: 'PUT', body: Readable.from('abc') },
    `PUT /x?y HTTP/1.1\r\n${START}Transfer-Encoding: chunked\r\n\r\n`,
    null,
  ],
  [
    'every byte of a value',
    { headers: ['Host', 'up.test', 'X', '\xe9\t\xff'] },
    `GET /x?y HTTP/1.1\r\n${START}X: \xe9\t\xff\r\n\r\n`,
    0,
  ],
])('%s is written as it is', (_what, given, text, bodyLength) => {
  expect(writeRequestHead(request(given))).toEqual({ text, bodyLength })
})

test.each([
  ['GET', {}, ''],
  ['POST', {}, 'Content-Length: 0\r\n'],
  ['POST', { bodyText: 'abc' }, 'Content-Length: 3\r\n'],
])('a %s with %j is written around a section that is text already', (method, body, length) => {
  const lastHeaders = Object.freeze(['X-User', 'alice'])
  const given = { method, section: 'Host: a\r\nX: b\r\n', lastHeaders, headers: [], ...body }
  const first = `${method} /x?y HTTP/1.1\r\nConnection: keep-alive\r\n`
  const rest = `Host: a\r\nX: b\r\nX-User: alice\r\n${length}\r\n${'bodyText' in body ? body.bodyText : ''}`
  expect(writeRequestHead(request(given))).toEqual({ text: first + rest, bodyLength: 0 })
})

test('a section that is text already frames no stream, and no list beside it may frame the body', () => {
  const section = 'Host: a\r\n'
  expect(writeRequestHead(request({ section, body: Readable.from('abc') }))).toBeNull()
  const lastHeaders = Object.freeze(['Content-Length', '0'])
  expect(writeRequestHead(request({ section, lastHeaders }))).toBeNull()
})

test.each([
  ['a line in a value', { headers: ['X', 'a\r\nY: b'] }],
  ['a line feed in a value', { headers: ['X', 'a\nY: b'] }],
  ['a carriage return in a value', { headers: ['X', 'a\rb'] }],
  ['NUL in a value', { headers: ['X', 'a\0'] }],
  ['a character that would be cut down to a line feed', { headers: ['X', 'a\u010ab'] }],
  ['a line in a name', { headers: ['X: a\r\nY', 'b'] }],
  ['a colon in a name', { headers: ['X: y', 'b'] }],
  ['a space in a name', { headers: ['Content-Length ', '5'] }],
  ['no name', { headers: ['', '5'] }],
  ['a line in the path', { path: '/x HTTP/1.1\r\nX: y\r\n' }],
  ['a space in the path', { path: '/x y' }],
  ['a character that would be cut down to a space', { path: '/x\u0120y' }],
  ['no path', { path: '' }],
  ['a space in the method', { method: 'GET /y' }],
  ['two lengths', { headers: ['Content-Length', '0', 'content-length', '0'] }],
  ['a length without a body', { headers: ['Content-Length', '5'] }],
  ['a length that is no number', { headers: ['Content-Length', '5, 5'], body: Readable.from('a') }],
  ['a coding', { headers: ['Transfer-Encoding', 'chunked'], body: Readable.from('a') }],
  ['a connection option', { headers: ['Connection', 'close'] }],
  ['an upgrade', { headers: ['Upgrade', 'h2c'] }],
])('%s is not sent', (_what, given) => {
  expect(writeRequestHead(request(given))).toBeNull()
})

test.each([1, 2])('the last fields make no difference when they are told apart, time %i', () => {
  const lastHeaders = Object.freeze(['X-User', 'alice', 'X-Note', '\xe9', 'Content-Length', '3'])
  const headers = ['Host', 'up.test', ...lastHeaders]
  const given = { method: 'PUT', headers, body: Readable.from('abc') }
  const apart = writeRequestHead(request({ ...given, lastHeaders }))
  expect(apart).toEqual(writeRequestHead(request(given)))
  expect(apart?.bodyLength).toBe(3)
  expect(writeRequestHead(request({ ...given, lastHeaders }))).toEqual(apart)
})

test('last fields that can change are read each time', () => {
  const lastHeaders = ['X-User', 'alice']
  const write = (): string | undefined =>
    writeRequestHead(request({ headers: ['Host', 'a', ...lastHeaders], lastHeaders }))?.text
  expect(write()).toMatch(/X-User: alice\r\n/)
  lastHeaders[1] = 'bob'
  expect(write()).toMatch(/X-User: bob\r\n/)
})

test.each([
  ['a line feed', ['X', 'a\nb']],
  ['a coding', ['Transfer-Encoding', 'chunked']],
  ['a second length', ['Content-Length', '0']],
])('%s among the last fields is not sent, however often it is tried', (_what, list) => {
  const lastHeaders = Object.freeze(list)
  const headers = ['Host', 'up.test', 'Content-Length', '0', ...lastHeaders]
  for (let tried = 0; tried < 2; tried++) {
    expect(writeRequestHead(request({ headers, lastHeaders }))).toBeNull()
  }
})

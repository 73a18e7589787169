import { describe, expect, test } from 'vitest'

import { readCredentials } from '../../src/authenticator/credentials.ts'

const token = (value: string, consumerToken: string | null = null) => ({
  outcome: 'token',
  token: value,
  consumerToken,
})

describe('one token is found', () => {
  test.each([
    ['in X-Auth-Token', ['X-Auth-Token', 'MDAx'], token('MDAx')],
    ['whatever the case of the name', ['x-AUTH-token', 'MDAx'], token('MDAx')],
    ['in Authorization: Bearer', ['Authorization', 'Bearer MDAx'], token('MDAx')],
    ['whatever the case of the scheme', ['authorization', 'bEARER MDAx'], token('MDAx')],
    ['in the deprecated Macaroon', ['Macaroon', 'MDAx'], token('MDAx')],
    [
      'beside a consumer token',
      ['X-Onedata-Consumer-Token', 'MDAy', 'X-Auth-Token', 'MDAx'],
      token('MDAx', 'MDAy'),
    ],
    [
      'beside an Authorization of another scheme, which is nothing to us',
      ['Authorization', 'Basic YTpi', 'X-Auth-Token', 'MDAx'],
      token('MDAx'),
    ],
    ['beside an empty field', ['X-Auth-Token', '', 'Macaroon', 'MDAx'], token('MDAx')],
    [
      'in two fields, where it is the same',
      ['X-Auth-Token', 'MDAx', 'Authorization', 'Bearer MDAx', 'Macaroon', 'MDAx'],
      token('MDAx'),
    ],
    [
      'in one field twice, where it is the same',
      ['X-Auth-Token', 'a', 'x-auth-token', 'a'],
      token('a'),
    ],
    [
      'beside one consumer token, said twice',
      ['X-Auth-Token', 'a', 'X-Onedata-Consumer-Token', 'b', 'X-Onedata-Consumer-Token', 'b'],
      token('a', 'b'),
    ],
    [
      'beside an empty consumer token',
      ['X-Auth-Token', 'a', 'X-Onedata-Consumer-Token', ''],
      token('a'),
    ],
  ])('%s', (_title, rawHeaders, expected) => {
    expect(readCredentials(rawHeaders)).toEqual(expected)
  })
})

describe('no token is found', () => {
  test.each([
    ['without any header', []],
    ['in a Basic credential', ['Authorization', 'Basic YTpi']],
    ['in a Digest credential with its commas', ['Authorization', 'Digest a="b", c="d"']],
    ['in an empty Authorization', ['Authorization', '']],
    ['in an empty X-Auth-Token', ['X-Auth-Token', '']],
    ['in a scheme that begins like Bearer', ['Authorization', 'Bearerish MDAx']],
    ['in a cookie', ['Cookie', 'X-Auth-Token=MDAx']],
    ['where only the consumer is named', ['X-Onedata-Consumer-Token', 'MDAy']],
    ['under a name that only folds to ours', ['X_Auth_Token', 'MDAx']],
  ])('%s', (_title, rawHeaders) => {
    expect(readCredentials(rawHeaders)).toEqual({ outcome: 'none' })
  })
})

describe('two credentials are refused, never chosen between', () => {
  test.each([
    ['two header fields', ['X-Auth-Token', 'MDAx', 'Authorization', 'Bearer MDAy']],
    ['X-Auth-Token and Macaroon', ['X-Auth-Token', 'MDAx', 'Macaroon', 'MDAy']],
    ['one field twice', ['X-Auth-Token', 'MDAx', 'x-auth-token', 'MDAy']],
    ['two spellings of one token', ['X-Auth-Token', 'MDAx', 'Macaroon', 'MDAx=']],
    ['Authorization twice', ['Authorization', 'Bearer MDAx', 'Authorization', 'Bearer MDAx']],
    [
      'Authorization twice, one of them Basic',
      ['Authorization', 'Basic YQ', 'Authorization', 'Bearer MDAx'],
    ],
    ['fields that a runtime joined', ['Authorization', 'Bearer MDAx, Bearer MDAy']],
    ['X-Auth-Token fields that a runtime joined', ['X-Auth-Token', 'MDAx, MDAy']],
    [
      'two consumer tokens',
      ['X-Auth-Token', 'a', 'X-Onedata-Consumer-Token', 'b', 'X-Onedata-Consumer-Token', 'c'],
    ],
  ])('%s', (_title, rawHeaders) => {
    expect(readCredentials(rawHeaders)).toEqual({ outcome: 'ambiguous' })
  })
})

test.each([
  'Bearer',
  'Bearer ',
  'Bearer  MDAx',
  'Bearer\tMDAx',
  'Bearer MDAx y',
  'Bearer =',
  'bearer łódź',
])('the credential %j is malformed', (value) => {
  expect(readCredentials(['Authorization', value])).toEqual({ outcome: 'malformed' })
})

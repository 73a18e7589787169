import { describe, expect, test } from 'vitest'
import {
  parseService,
  parseSubject,
  serializeService,
  serializeSubject,
} from '../../src/token/index.ts'

describe('a subject', () => {
  test.each([
    ['usr-u1', { type: 'user', id: 'u1' }],
    ['prv-p1', { type: 'oneprovider', id: 'p1' }],
    ['grp-*', { type: 'group', id: '*' }],
    ['usr-usr-a:b', { type: 'user', id: 'usr-a:b' }],
    ['usr-', { type: 'user', id: '' }],
    ['nobody', { type: 'nobody', id: null }],
  ])('is written %s', (text, subject) => {
    expect(parseSubject(text)).toEqual(subject)
    expect(serializeSubject(subject as never)).toBe(text)
  })

  test.each(['', 'usr', 'user-u1', 'USR-u1', 'root', 'Nobody', 'nobody-', 'opw-p1'])(
    'is not written %j',
    (text) => {
      expect(parseSubject(text)).toBeNull()
    },
  )
})

describe('a service', () => {
  test.each([
    ['ozw-onezone', { type: 'oz_worker', id: 'onezone' }],
    ['ozp-onezone', { type: 'oz_panel', id: 'onezone' }],
    ['opw-p1', { type: 'op_worker', id: 'p1' }],
    ['opp-*', { type: 'op_panel', id: '*' }],
  ])('is written %s', (text, service) => {
    expect(parseService(text)).toEqual(service)
    expect(serializeService(service as never)).toBe(text)
  })

  test.each(['', 'ozw', 'opx-1', 'usr-u1'])('is not written %j', (text) => {
    expect(parseService(text)).toBeNull()
  })
})

import { Hono } from 'hono'
import { expectTypeOf, test } from 'vitest'

import type { Identity } from '../../src/index.ts'
import { onedataAuth } from '../../src/index.ts'

const onezoneUrl = 'https://onezone.example.org'

test('handlers behind the middleware see an identity, without a global and without null', () => {
  new Hono().use(onedataAuth({ onezoneUrl })).get('/', (c) => {
    expectTypeOf(c.var.onedata).toEqualTypeOf<Identity>()
    expectTypeOf(c.var.onedata.subject.id).toEqualTypeOf<string>()
    expectTypeOf(c.var.onedata.subject.type).toEqualTypeOf<'user' | 'oneprovider' | 'group'>()
    return c.text('')
  })
})

test('behind optional middleware the identity may be null', () => {
  new Hono().use(onedataAuth({ onezoneUrl, optional: true })).get('/', (c) => {
    expectTypeOf(c.var.onedata).toEqualTypeOf<Identity | null>()
    expectTypeOf(c.var.onedata?.subject.id).toEqualTypeOf<string | undefined>()
    return c.text('')
  })
})

test('without the middleware there is no identity', () => {
  new Hono().get('/', (c) => {
    // @ts-expect-error -- proves that nothing is declared globally
    return c.json(c.var.onedata)
  })
})

test('an option that does not exist is an error', () => {
  // @ts-expect-error -- the option is called "interface"
  onedataAuth({ onezoneUrl, iface: 'rest' })
})

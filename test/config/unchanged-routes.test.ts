import { expect, test } from 'vitest'

import type { GatewayConfig, RouteConfig } from '../../src/config/index.ts'
import { checksOfGatewayConfig } from '../../src/config/index.ts'
import { inOneGo } from '../../src/slices.ts'

const route = (id: string, more: Partial<RouteConfig> = {}): RouteConfig =>
  ({ id, path: `/${id}`, token: 'access', upstream: 'http://127.0.0.1:3000', ...more }) as never

const configOf = (...routes: RouteConfig[]): GatewayConfig => ({ realm: 'r', routes }) as never

const check = (config: GatewayConfig, before: GatewayConfig): GatewayConfig =>
  inOneGo(checksOfGatewayConfig(config, before))

test('routes that say the same keep their objects, wherever they stand now', () => {
  const before = configOf(route('a'), route('b', { methods: ['GET'] }), route('c'))
  const changed = route('b', { methods: ['PUT'] })
  const added = route('d')
  const { routes } = check(configOf(added, route('c'), changed, route('a')), before)
  expect(routes[0]).toBe(added)
  expect(routes[1]).toBe(before.routes[2])
  expect(routes[2]).toBe(changed)
  expect(routes[3]).toBe(before.routes[0])
})

test('only what has changed is checked again', () => {
  // As an older version might have let it pass: seen only where it is looked at.
  const before = configOf(route('a', { metods: ['GET'] } as never), route('b'))
  const same = configOf(route('a', { metods: ['GET'] } as never), route('b', { websocket: false }))
  expect(check(same, before).routes[0]).toBe(before.routes[0])
  const misspelled = configOf(route('a', { metods: ['PUT'] } as never), route('b'))
  expect(() => check(misspelled, before)).toThrow('"routes[0].metods" is no option')
})

test('the very object of before is checked again: it may have been changed', () => {
  const kept = route('a')
  const before = configOf(kept)
  Object.assign(kept, { metods: ['GET'] })
  expect(() => check(configOf(kept), before)).toThrow('"routes[0].metods" is no option')
})

test('a step is made for each route, so that requests go first now and then', () => {
  const before = configOf(route('a'), route('b'), route('c'))
  let steps = 0
  const work = checksOfGatewayConfig(configOf(route('a'), route('b'), route('x')), before)
  while (work.next().done !== true) steps += 1
  expect(steps).toBe(3)
})

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { ShortStays } from '../../src/listener/short-stays.ts'

test('has what was added and not deleted, whatever the order', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 9 })), { maxLength: 60 })
  fc.assert(
    fc.property(steps, (sequence) => {
      const things = Array.from({ length: 10 }, (_, id) => ({ id }))
      const stays = new ShortStays<{ id: number }>()
      const model = new Set<{ id: number }>()
      for (const [adds, at] of sequence) {
        const thing = things[at] ?? { id: -1 }
        if (adds) {
          stays.add(thing)
          model.add(thing)
        } else {
          stays.delete(thing)
          model.delete(thing)
        }
        expect(new Set(stays.list())).toEqual(model)
        expect(stays.size).toBe(model.size)
      }
    }),
  )
})

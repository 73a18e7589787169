import { expect, test } from 'vitest'
import { createAdmission } from '../../src/http-client/admission.ts'
import { CallEnd } from '../../src/http-client/call-end.ts'
import { ONEZONE } from '../../src/onezone/onezone-peer.ts'
import { rejectionOf } from '../helpers/scripted-onezone.ts'

const never = new CallEnd()

test('the queue is served first come first served', async () => {
  const admission = createAdmission({ peer: ONEZONE, maxInFlight: 1, maxQueued: 2 })
  const order: string[] = []
  await admission.enter(never)
  const first = admission.enter(never).then(() => order.push('first'))
  const second = admission.enter(never).then(() => order.push('second'))
  admission.leave()
  await first
  expect(order).toEqual(['first'])
  admission.leave()
  await second
  expect(order).toEqual(['first', 'second'])
})

test('who gives up makes room in the queue and is never called', async () => {
  const admission = createAdmission({ peer: ONEZONE, maxInFlight: 1, maxQueued: 1 })
  await admission.enter(never)
  const patience = new CallEnd()
  const impatient = rejectionOf(admission.enter(patience))
  expect(await rejectionOf(admission.enter(never))).toMatchObject({
    code: 'ERR_ONEZONE_OVERLOADED',
  })
  patience.come('enough')
  expect(await impatient).toBe('enough')
  const patient = admission.enter(never)
  admission.leave()
  await patient
  admission.leave()
  await admission.enter(never)
})

/** An admission and the order in which it lets callers in. */
function queueOf(maxInFlight: number, maxQueued: number) {
  const admission = createAdmission({ peer: ONEZONE, maxInFlight, maxQueued })
  const order: string[] = []
  const enter = (name: string, party = '', urgent = false) =>
    admission.enter(never, { party, urgent }).then(
      () => void order.push(name),
      () => void order.push(`${name} refused`),
    )
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  return { admission, order, enter, settle }
}

test('parties take turns, however many calls each has waiting', async () => {
  const { admission, order, enter, settle } = queueOf(1, 10)
  void enter('first')
  for (const name of ['a1', 'a2', 'a3']) void enter(name, 'a')
  void enter('b1', 'b')
  for (let left = 0; left < 4; left++) {
    await settle()
    admission.leave()
  }
  await settle()
  expect(order).toEqual(['first', 'a1', 'b1', 'a2', 'a3'])
})

test('a full queue makes room for a party that waits with fewer calls', async () => {
  const { order, enter, settle } = queueOf(1, 3)
  void enter('first')
  for (const name of ['a1', 'a2', 'a3', 'a4']) void enter(name, 'a')
  await settle()
  expect(order).toEqual(['first', 'a4 refused'])
  void enter('b1', 'b')
  await settle()
  expect(order).toEqual(['first', 'a4 refused', 'a3 refused'])
})

test('a quarter of what may be in flight is for urgent calls', async () => {
  const { admission, order, enter, settle } = queueOf(4, 10)
  for (const name of ['a1', 'a2', 'a3', 'a4']) void enter(name, 'a')
  void enter('urgent', '', true)
  await settle()
  expect(order).toEqual(['a1', 'a2', 'a3', 'urgent'])
  admission.leave(true)
  await settle()
  expect(order).toHaveLength(4)
  admission.leave()
  await settle()
  expect(order).toEqual(['a1', 'a2', 'a3', 'urgent', 'a4'])
})

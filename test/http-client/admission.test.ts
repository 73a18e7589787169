import { expect, test } from 'vitest'
import { createAdmission } from '../../src/http-client/admission.ts'
import { ONEZONE } from '../../src/onezone/onezone-peer.ts'
import { rejectionOf } from '../helpers/scripted-onezone.ts'

const never = new AbortController().signal

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
  const patience = new AbortController()
  const impatient = rejectionOf(admission.enter(patience.signal))
  expect(await rejectionOf(admission.enter(never))).toMatchObject({
    code: 'ERR_ONEZONE_OVERLOADED',
  })
  patience.abort('enough')
  expect(await impatient).toBe('enough')
  const patient = admission.enter(never)
  admission.leave()
  await patient
  admission.leave()
  await admission.enter(never)
})

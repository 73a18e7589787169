import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { OnezoneApiError } from '../../src/errors.ts'
import { isOnezoneError, knownErrorOf } from '../../src/onezone/index.ts'

const apiError = (id: string, details?: Record<string, unknown>) =>
  new OnezoneApiError('message', { status: 400, id, details })

interface Nested {
  readonly id: string
  readonly details?: Readonly<Record<string, unknown>>
}

/** Every error in the recorded scenarios, nested ones too. */
function recordedErrors(): Nested[] {
  const text = readFileSync(new URL('../vectors/scenarios.json', import.meta.url), 'utf8')
  const found: Nested[] = []
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const { id, description } = value as Record<string, unknown>
    if (typeof id === 'string' && typeof description === 'string') found.push(value as Nested)
    for (const member of Object.values(value)) visit(member)
  }
  const { scenarios } = JSON.parse(text) as { scenarios: { steps: { response?: unknown }[] }[] }
  for (const { steps } of scenarios) for (const { response } of steps) visit(response)
  return found
}

describe('knownErrorOf', () => {
  test('knows every error that the reference implementation was seen to give', () => {
    const errors = recordedErrors()
    expect(errors.length).toBeGreaterThan(1_000)
    const unknown = errors.filter((error) => knownErrorOf(error) === null)
    expect(unknown).toEqual([])
    expect(new Set(errors.map(({ id }) => id)).size).toBeGreaterThan(40)
  })

  test('tells the details apart by id', () => {
    const known = knownErrorOf(apiError('tokenTimeCaveatRequired', { maxTtl: 600 }))
    expect(known?.id === 'tokenTimeCaveatRequired' && known.details.maxTtl).toBe(600)
  })

  test.each([
    ['an id of a later Onezone', apiError('tokenTooOld', {})],
    ['an inherited name', apiError('toString')],
    ['details of another shape', apiError('tokenTimeCaveatRequired', { maxTtl: '600' })],
    ['details that are missing', apiError('badValueToken', { key: 'token' })],
    ['a nested error that is none', apiError('badServiceToken', { tokenError: {} })],
    ['an error of another kind', new Error('tokenRevoked')],
    ['nothing', null],
    ['text', 'tokenRevoked'],
  ])('%s is not known', (_, error) => {
    expect(knownErrorOf(error)).toBeNull()
  })
})

describe('isOnezoneError', () => {
  test('is for what was thrown, by its id, with details of the right shape', () => {
    const thrown: unknown = apiError('badValueIdentifierOccupied', { key: 'name' })
    expect(isOnezoneError(thrown, 'badValueIdentifierOccupied') && thrown.details.key).toBe('name')
    expect(isOnezoneError(thrown, 'badValueName')).toBe(false)
    expect(isOnezoneError({ id: 'badValueName' }, 'badValueName')).toBe(false)
    expect(isOnezoneError(apiError('badValueEmpty'), 'badValueEmpty')).toBe(false)
  })
})

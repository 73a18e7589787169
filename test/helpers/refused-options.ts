import { expect, test } from 'vitest'

/** Tests that a factory refuses each of these options at construction, and says why. */
export function refusesOptions<Options extends object>(
  create: (options: Options) => unknown,
  good: Options,
  bad: readonly (readonly [options: object, message: string])[],
): void {
  test.each(bad)('%j is refused at construction', async (options, message) => {
    const made = (async () => create({ ...good, ...options }))()
    await expect(made).rejects.toThrow(TypeError)
    await expect(made).rejects.toThrow(message)
  })
}

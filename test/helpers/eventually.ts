/** Waits until something is true, by a deadline. */
export async function eventually(what: () => boolean, ms = 5_000): Promise<void> {
  const deadline = performance.now() + ms
  while (!what()) {
    if (performance.now() > deadline) throw new Error(`did not come true: ${String(what)}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

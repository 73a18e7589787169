/** Waits until something holds, however slow the machine is. */
export async function eventually(what: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!(await what())) {
    if (performance.now() > deadline) throw new Error(`did not come true: ${String(what)}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

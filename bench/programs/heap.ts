/** What is alive in this process, in bytes, after everything else is gone. Needs `--expose-gc`. */
export async function liveBytes(): Promise<number> {
  const collect = globalThis.gc
  if (collect === undefined) throw new Error('this program needs --expose-gc')
  // What finalizers and settled promises let go is only free after another turn.
  for (let round = 0; round < 3; round++) {
    collect()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

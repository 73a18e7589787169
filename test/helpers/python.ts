import { execFile, execFileSync } from 'node:child_process'
import { env, stderr } from 'node:process'

/** Whether there is a Python with these modules; where there is none, it is said which tests that costs. */
export function hasPython(modules: string, tests: string): boolean {
  try {
    execFileSync('python3', ['-c', `import ${modules}`], { stdio: 'ignore' })
    return true
  } catch {
    stderr.write(`${tests} are skipped: there is no python3 with ${modules}.\n`)
    return false
  }
}

/** Runs a script with arguments and returns what it prints. */
export function runPython(script: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...env, PYTHONWARNINGS: 'ignore', NO_PROXY: '*' } }
    execFile('python3', ['-c', script, ...args], options, (error, output, errors) => {
      if (error === null) resolve(output)
      else reject(new Error(`${error.message}\n${errors}`))
    })
  })
}

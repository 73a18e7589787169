#!/usr/bin/env node
import { dispatch, reportBug } from './dispatch.ts'
import { EXIT } from './exit-codes.ts'
import { ignoreUserSignals } from './stop-signal.ts'
import { createTerminal } from './terminal.ts'

ignoreUserSignals()

const terminal = createTerminal(process)
process.on('uncaughtException', (error) => process.exit(reportBug(error, terminal)))
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever read our output has seen enough.
  if (error.code === 'EPIPE') process.exit(EXIT.ok)
  throw error
})
process.exitCode = await dispatch(process.argv.slice(2), terminal)

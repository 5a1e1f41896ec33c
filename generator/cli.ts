#!/usr/bin/env node
/** The `syncgen` command. What it does with its arguments stands in command-line.ts. */
import { run } from './command-line.js'

// Whoever reads may stop (`syncgen … | head`): the rest is for nobody, and the work goes on to its end and its exit code.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

process.exitCode = await run(process.argv.slice(2), {
  out: (text) => process.stdout.write(`${text}\n`),
  error: (text) => process.stderr.write(`${text}\n`),
  color: process.stderr.isTTY === true && process.env['NO_COLOR'] === undefined,
  migrations: () => import('../runtime/server/migrations.js'),
})

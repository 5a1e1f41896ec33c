#!/usr/bin/env node
/** The `syncgen` command. What it does with its arguments stands in command-line.ts. */
import { run } from './command-line.js'

process.exitCode = await run(process.argv.slice(2), {
  out: (text) => process.stdout.write(`${text}\n`),
  error: (text) => process.stderr.write(`${text}\n`),
  color: process.stderr.isTTY === true && process.env['NO_COLOR'] === undefined,
  migrations: () => import('../runtime/server/migrations.js'),
})

import { findChromium } from '../tests/browser/chromium.js'

/** Prints the Chromium that the tests would drive; fails without a word if there is none. */
const path = findChromium()
if (path === undefined) process.exitCode = 1
else console.log(path)

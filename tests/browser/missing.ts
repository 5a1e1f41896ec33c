import { findChromium } from './chromium.js'

/** Whether there is no browser to drive. Then tests are skipped, and the run says so and what would help. */
export const chromiumIsMissing = findChromium() === undefined

if (chromiumIsMissing) console.warn('Skipped: these tests need a Chromium. Install one (Debian: apt-get install chromium), or set CHROMIUM_PATH.')

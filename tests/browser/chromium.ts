/** The Chromium of this machine: none is downloaded. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Path of a Chromium or Chrome: CHROMIUM_PATH, else the first that the system has; undefined if there is none. */
export const findChromium = (env: NodeJS.ProcessEnv = process.env): string | undefined => {
  const given = env['CHROMIUM_PATH']
  if (given !== undefined && given !== '') return given
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return [...names.flatMap((name) => folders.map((folder) => join(folder, name))), ...places].find(isProgram)
}

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']

const places = [
  '/usr/bin/chromium',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

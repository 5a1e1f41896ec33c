/** Where generated files stand, and how they name each other in imports. */
import type { Scope } from '../model.js'
import { kebabCase } from '../names.js'

/** A model's file in each folder, without extension: `task-label`. A name that another file has gets `-model`. */
export const modelFile = (name: string): string => {
  const file = kebabCase(name)
  return taken.has(file) || file.endsWith('-scope') ? `${file}-model` : file
}

/** A scope's file in server/, without extension: `board-scope`. */
export const scopeFile = (scope: Scope): string => `${kebabCase(scope.name)}-scope`

const taken = new Set(['claims', 'enums', 'index', 'schema', 'scopes'])

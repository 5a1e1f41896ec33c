/** Where generated files stand: paths from the output folder, with `/` and without extension. */
import type { Transition } from '../evolve/transition.js'
import type { Scope } from '../model.js'
import { kebabCase } from '../names.js'

export type Folder = 'shared' | 'shared/transitions' | 'client' | 'server'

/** `client/task-label`. A model whose name another file has gets `-model`. */
export const modelFile = (folder: Folder, name: string): string => {
  const file = kebabCase(name)
  return `${folder}/${others.has(file) || file.endsWith('-scope') ? `${file}-model` : file}`
}

/** `server/board-scope` */
export const scopeFile = (scope: Scope): string => `server/${kebabCase(scope.name)}-scope`

/** `shared/transitions/4f3a90c1-8aa774ad`: named after the two versions. */
export const transitionFile = ({ from, to }: Transition): string => `shared/transitions/${from.slice(0, 8)}-${to.slice(0, 8)}`

const others = new Set(['claims', 'enums', 'index', 'schema', 'scopes'])

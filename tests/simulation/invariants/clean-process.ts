import { type Invariant, Violation } from './invariant.js'

/** Nothing hostile reaches the language: Object.prototype stays as it is, no rejection is unhandled, nobody logs an error. */
export const cleanProcess: Invariant = {
  id: 'I15',
  says: 'prototypes untouched, no unhandled rejection, no error in a log',
  watch: (world) => {
    const own = Object.getOwnPropertyNames(Object.prototype).length
    return {
      afterEvent: () => {
        if (Object.getOwnPropertyNames(Object.prototype).length !== own) throw new Violation('I15', 'Object.prototype was written to')
        const [complaint] = world.complaints
        if (complaint !== undefined) throw new Violation('I15', complaint)
      },
    }
  },
}

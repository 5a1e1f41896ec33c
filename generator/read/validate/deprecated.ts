import type { Report } from '../../problem.js'
import type { Declarations } from '../validate.js'

/** Warns of fields that are to be dropped: somebody has to do it one day. */
export const checkDeprecated = ({ models }: Declarations, report: Report): void => {
  for (const { name, fields } of models.values()) {
    for (const { name: field, deprecated } of fields) {
      if (deprecated?.value !== true) continue
      report('SG606', deprecated.at, `"${field.text}" of ${name.text} is to be dropped`, 'take it out of the schema when no app in use needs it: that asks for no flag then')
    }
  }
}

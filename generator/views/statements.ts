import type { Statement } from '../sql/index.js'
import { type Code, code, join, literal, object } from './code.js'

/** A constant with the text of a statement. */
export interface Constant {
  readonly name: Code
  readonly doc: string
  readonly text: string
}

/** A statement with its bindings: `{ text: taskSince, values: ['params.projectId'] }` */
export const statementCode = ({ values }: Statement, constant: Code): Code =>
  object([['text', constant], ['values', code`[${join(values.map((value) => literal(value)))}]`]])

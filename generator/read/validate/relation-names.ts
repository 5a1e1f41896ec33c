import type { DeclaredReference, Word } from '../document.js'
import type { Schema } from '../../model.js'
import type { Report } from '../../problem.js'
import type { Declarations } from '../validate.js'

/** Who has a name among the fields and relations of a model. */
interface Owner {
  readonly what: string
  /** The model whose reference gives this inverse. */
  readonly from: string | null
}

/** Reports relations called like a field or another relation of the model: queries and results name them beside each other. */
export const checkRelationNames = ({ models }: Declarations, schema: Schema, report: Report): void => {
  const taken = new Map<string, Map<string, Owner>>(
    schema.models.map((model) => [model.name, new Map(model.fields.map(({ name }) => [name, { what: `field ${model.name}.${name}`, from: null }]))]),
  )
  const claim = (model: string, word: Word | null, owner: Owner): void => {
    if (word === null) return
    const names = taken.get(model)
    const before = names?.get(word.text)
    if (before === undefined) names?.set(word.text, owner)
    // Two inverses from one model are told as SG302.
    else if (owner.from === null || owner.from !== before.from) {
      report('SG204', word.at, `the name "${word.text}" is taken by the ${before.what}`, 'choose another name: fields and relations of a model are named beside each other')
    }
  }
  const references = schema.models.flatMap((model) =>
    model.fields.flatMap(({ reference }) => {
      const declared = reference === null ? undefined : referenceIn(models.get(model.name), reference.relation)
      return reference === null || declared === undefined ? [] : [{ model: model.name, target: reference.model, declared }]
    }),
  )
  for (const { model, declared } of references) claim(model, declared.name, { what: `reference ${model}.${declared.name.text}`, from: null })
  for (const { model, target, declared } of references) {
    claim(target, declared.inverse, { what: `inverse of ${model}.${declared.name.text}`, from: model })
  }
}

const referenceIn = (model: ReturnType<Declarations['models']['get']>, name: string): DeclaredReference | undefined =>
  [...(model?.join?.sides ?? []), ...(model?.fields ?? [])].find((each) => each.kind === 'reference' && each.name.text === name) as DeclaredReference | undefined

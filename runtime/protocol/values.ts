/**
 * Values on the wire, by field type (docs/protocol.md, values):
 *
 * | type                  | TypeScript             | wire (JSON)                                        |
 * |-----------------------|------------------------|----------------------------------------------------|
 * | string, text, enum    | string                 | string                                             |
 * | int, float            | number                 | number                                             |
 * | bigint                | bigint                 | decimal digits as a string                         |
 * | decimal               | string                 | string with exactly `scale` digits after the point |
 * | boolean               | boolean                | boolean                                            |
 * | timestamp             | Date                   | `2026-01-31T23:59:59.123Z`, always with 3 digits   |
 * | date                  | string                 | `2026-01-31`                                       |
 * | json                  | declared type, unknown | the value itself                                   |
 * | uuid                  | string                 | canonical lower case                               |
 * | bytes                 | Uint8Array             | base64                                             |
 * | list of …             | readonly array         | array                                              |
 */
export type Wire = null | boolean | number | string | readonly Wire[] | { readonly [key: string]: Wire }

/** A row without its version: the wire values of its fields, in the order of its descriptor. */
export type WireRow = readonly Wire[]

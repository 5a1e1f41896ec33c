/** The keywords of the schema language, by where they stand. Closed: whatever else is written there is reported (SG101). */
export const keywords = {
  file: ['syncgen', 'name', 'versions', 'claims', 'enums', 'models', 'scopes'],
  enum: ['values', 'doc'],
  enumValue: ['name', 'was', 'to'],
  model: [
    'doc', 'was', 'table', 'plural', 'timestamps', 'capture', 'conflict', 'deleteConflict', 'public',
    'join', 'fields', 'indexes', 'unique', 'access',
  ],
  scalar: [
    'type', 'max', 'pattern', 'default', 'ts', 'convert',
    'column', 'unique', 'readonly', 'immutable', 'serverOnly', 'conflict', 'doc', 'was', 'deprecated', 'backfill',
  ],
  reference: [
    'ref', 'inverse', 'onDelete',
    'column', 'unique', 'readonly', 'immutable', 'serverOnly', 'conflict', 'doc', 'was', 'deprecated', 'backfill',
  ],
  policy: ['custom'],
  convert: ['from', 'as', 'back'],
  match: ['match', 'cases', 'else'],
  joinSide: ['ref', 'inverse', 'onDelete', 'column', 'doc', 'was'],
  index: ['on', 'where', 'unique', 'deferrable'],
  access: ['read', 'create', 'update', 'delete', 'write'],
  scope: ['doc', 'public', 'params', 'tables'],
} as const

export type Place = keyof typeof keywords

/** Ways to break a since statement, each as a careless emitter might. The rounds must notice every one. */
export const faults: Readonly<Record<string, (text: string) => string>> = {
  'lost links forgotten': (text) => text.replaceAll(/in \(select link_was from (\w+) where link_was is not null\)/g, 'in (select link_was from $1 where false)'),
  'gained to-one rows not taken off': (text) => text.replaceAll(/not in \(select key from (\w+) where link_now is not null\)\n/g, 'not in (select key from $1 where false)\n'),
  'gained to-many rows not taken off': (text) => text.replaceAll(/and \w+\."id" not in \(select key from \w+ where link_now is not null\)/g, ''),
  'rows reached from below forgotten': (text) => text.replaceAll(') moved\ncross', ') moved\njoin (select) nothing on false\ncross').replaceAll(/\) moved\n(\s+)cross/g, ') moved\n$1join (select) nothing on false\n$1cross'),
  'rows reached that changed themselves': (text) => text.replaceAll(/now\."id" not in \(select key from \w+_changed\w*\)/g, 'true'),
  'flip of the gate ignored': (text) => text.replace(/\nunion all\nselect null,[^]*$/, ''),
  'gate as it is now': (text) => text.replaceAll('(select was and now from gate)', '(select now from gate)').replace(/\nunion all\nselect null,[^]*$/, ''),
  'last image instead of the first': (text) => text.replaceAll('syncgen.first_images(', 'syncgen.last_images('),
  'transactions open at the position forgotten': (text) => text.replaceAll('syncgen.first_images(', 'syncgen.later_images('),
  'columns of the window too few': (text) => text.replaceAll(/array\['[a-z_]+', /g, 'array['),
  'changed members not sent': (text) => text.replace('now and (changed or not was)', 'now and not was'),
  'members that only moved elsewhere sent': (text) => text.replace('now and (changed or not was)', 'now'),
}

/** The window functions that two of them call. */
export const faultyFunctions = (definition: string): string => {
  const named = (name: string): string => definition.replace('syncgen.first_images', `syncgen.${name}`)
  return [
    named('last_images').replaceAll(`w.version, w.op = 'D'`, `w.version desc, w.op <> 'D'`),
    named('later_images').replaceAll('c.xid = running', 'false'),
  ].join(';\n')
}

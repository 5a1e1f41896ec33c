import type { Coverage, Hazard } from './hazard.js'

/** Markdown: each hazard, and how it is covered. */
export const tableOf = (hazards: readonly Hazard[]): string => {
  const rows = hazards.map(({ id, what, covered }) => `| ${id} | ${what} | ${said(covered)} |`)
  return ['| hazard | what happens | here |', '|---|---|---|', ...rows].join('\n')
}

const said = (covered: Coverage): string => {
  switch (covered.kind) {
    case 'reached':
      return `simulation: ${covered.probe}`
    case 'shown':
      return `${covered.law}, \`${covered.test}\``
    case 'excluded':
      return covered.reason
  }
}

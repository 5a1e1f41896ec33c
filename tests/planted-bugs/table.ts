import type { PlantedBug } from './planted-bug.js'
import type { Finding, Findings } from './results.js'

/** Markdown: each bug, and who notices it. */
export const tableOf = (bugs: readonly PlantedBug[], findings: Findings): string => {
  const rows = bugs.map(({ id, title, hazards }) => `| ${id} | ${title} | ${hazards.join(' ')} | ${noticed(findings[id])} |`)
  return ['| bug | what is wrong | hazards | caught by |', '|---|---|---|---|', ...rows, '', sumOf(bugs, findings)].join('\n')
}

/** In one sentence. */
export const sumOf = (bugs: readonly PlantedBug[], findings: Findings): string => {
  const by = (who: Finding['by']): number => bugs.filter(({ id }) => findings[id]?.by === who).length
  return `${bugs.length} bugs: ${by('seed')} caught by seeds, ${by('test')} by a named test, ${by(null)} by nobody.`
}

const noticed = (finding: Finding | undefined): string => {
  switch (finding?.by) {
    case undefined:
      return 'not run yet'
    case 'seed':
      return `seed ${finding.seed}, ${finding.invariant}`
    case 'test':
      return `\`${finding.test}\`: ${finding.title.replaceAll('|', '\\|')}`
    case null:
      return '**nobody**'
  }
}

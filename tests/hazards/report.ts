import { furtherHazards } from './further-hazards.js'
import { mainHazards } from './main-hazards.js'
import { firings, probes } from './probes.js'

/** Lines for the end of a run: which probes fired how often, and which hazards it was to reach and did not. */
export const probeReport = (tally: Readonly<Record<string, number>>): readonly string[] => {
  const fired = probes.map((probe) => [probe.name, firings(probe, tally)] as const)
  const silent = new Set(fired.flatMap(([name, times]) => (times === 0 ? [name] : [])))
  const missed = [...mainHazards, ...furtherHazards].filter(({ covered }) => covered.kind === 'reached' && silent.has(covered.probe))
  return [
    `probes: ${fired.filter(([, times]) => times > 0).map(([name, times]) => `${name} ${times}`).join(', ')}`,
    `silent: ${[...silent].join(', ') || 'none'}`,
    `hazards not reached: ${missed.map(({ id }) => id).join(' ') || 'none'}`,
  ]
}

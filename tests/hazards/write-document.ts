/** `npx tsx tests/hazards/write-document.ts`: writes the tables of docs/reliability.md anew. */
import { plantedBugs } from '../planted-bugs/catalogue.js'
import { kept } from '../planted-bugs/results.js'
import { tableOf as bugTable } from '../planted-bugs/table.js'
import { writePart } from './document.js'
import { furtherHazards } from './further-hazards.js'
import { mainHazards } from './main-hazards.js'
import { tableOf } from './table.js'

writePart('planted-bugs', `${bugTable(plantedBugs, kept())}\n`)
writePart('hazards', `${tableOf(mainHazards)}\n`)
writePart('further-hazards', `${tableOf(furtherHazards)}\n`)

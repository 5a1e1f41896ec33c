/** What happens in the demo, in order. Every step works on real processes, connections and tables. */
import type { Outcome } from 'syncgen/client'
import { step } from './screen.js'
import { taskId } from './seed.js'
import type { Stage } from './stage.js'

/** Plays the story. Afterwards all devices are connected and owe nothing. */
export const play = async (stage: Stage): Promise<void> => {
  const { ada, bob, cy, cast, sql, devices } = stage
  const task = (number: number): Promise<string> => taskId(sql, number)

  await step('Three devices connect for the first time', devices, async () => {
    const boards = [cast.apollo, cast.borealis]
    const opened = await Promise.all([
      ada.tell('open', { url: ada.wire.url, principal: cast.ada, boards }),
      bob.tell('open', { url: bob.wire.url, principal: cast.bob, boards: [cast.apollo] }),
      cy.tell('open', { url: cy.wire.url, principal: cast.cy, boards }),
    ])
    return devices.map(({ name }, at) => `${name} holds ${opened[at]?.rows} rows`)
  })

  const live = await task(1)
  await step('A live change: Ada renames a card, and Bob, on the other node, sees it', devices, async () => {
    await ada.tell('edit', { task: live, patch: { title: 'Launch' } })
    await Promise.all([bob, cy].map((device) => device.tell('see', { task: live, title: 'Launch' })))
    return told(ada.name, await ada.tell('outcomes', null))
  })

  await step('A change by plain SQL: another program renames it again', devices, async () => {
    await sql.query('update tasks set title = $2 where id = $1', [live, 'Launch, by SQL'])
    await Promise.all(devices.map((device) => device.tell('see', { task: live, title: 'Launch, by SQL' })))
    return ['all three devices show it']
  })

  await step('All three lose their connections', devices, async () => {
    await Promise.all(devices.map((device) => device.cut()))
    return ['the wires are cut: whatever was in flight is lost']
  })

  const [different, same, doomed, votes, lost] = [await task(4), await task(5), await task(6), await task(7), await task(8)]
  await step('Offline, everybody goes on working', devices, async () => {
    await ada.tell('edit', { task: different, patch: { title: 'Fuel, checked' } })
    await bob.tell('edit', { task: different, patch: { state: 'doing' } })
    await bob.tell('edit', { task: same, patch: { title: 'Named by Bob' } })
    await ada.tell('edit', { task: same, patch: { title: 'Named by Ada, later' } })
    await ada.tell('remove', { task: doomed })
    await bob.tell('edit', { task: doomed, patch: { title: 'Still needed?' } })
    await ada.tell('edit', { task: votes, patch: { votes: { add: 1 } } })
    await bob.tell('edit', { task: votes, patch: { votes: { add: 1 } } })
    await cy.tell('edit', { task: lost, patch: { title: 'Cy was here' } })
    await bob.tell('add', { project: cast.apollo, title: 'Made in a tunnel' })
    return [
      'Ada and Bob edit different fields of one card, the same field of another, and vote for a third',
      'Ada deletes a card that Bob edits; Bob adds a card; Cy edits one',
    ]
  })

  await step('Meanwhile, on the server', devices, async () => {
    await sql.query('delete from members where project_id = $1 and user_id = $2', [cast.apollo, cast.cy])
    await sql.query('update tasks set project_id = $2 where id = $1', [await task(9), cast.borealis])
    const { rowCount } = await sql.query(`update tasks set state = 'done' where project_id = $1 and id in (
      select id from tasks where project_id = $1 and state = 'todo' order by position limit 25)`, [cast.borealis])
    return ['Cy is removed from the project Apollo', `another program moves a card to Borealis, and finishes ${rowCount} there`]
  })

  await step('They reconnect: first Ada, then Bob, then Cy', devices, async () => {
    const lines: string[] = []
    for (const device of [ada, bob, cy]) {
      await device.wire.heal()
      await device.tell('reconnect', null)
      lines.push(...told(device.name, await device.tell('outcomes', null)))
    }
    await inStep(stage)
    return lines
  })

  await step('What became of the cards', [], async () => {
    const see = async (id: string): Promise<string> => {
      const seen = await Promise.all([ada, bob].map((device) => device.tell('task', { task: id })))
      const texts = new Set(seen.map((card) => (card ? `“${card.title}”, ${card.state}, ${card.votes} votes` : 'gone')))
      return [...texts].join(' / ')
    }
    const left = (await cy.tell('report', null)).claimed
    return [
      `different fields: ${await see(different)}`,
      `the same field: ${await see(same)}`,
      `deleted against edited: ${await see(doomed)}`,
      `a vote each: ${await see(votes)}`,
      `Cy has all ${left[cast.borealis]} rows of Borealis, and of Apollo ${left[cast.apollo]}: its people, with whom he still works`,
    ]
  })

  await step('Everybody reconnects once more, with nothing to tell', devices, async () => {
    await Promise.all(devices.map((device) => device.cut()))
    await Promise.all(devices.map((device) => device.wire.heal()))
    await Promise.all(devices.map((device) => device.tell('reconnect', null)))
    return ['the cost does not depend on how much they hold']
  })
}

/** Waits until every device has seen all that is committed now. */
const inStep = async ({ sql, devices }: Stage): Promise<void> => {
  const { rows } = await sql.query<{ position: string }>(`select syncgen.position() as position`)
  const position = rows[0]?.position ?? ''
  await Promise.all(devices.map((device) => device.tell('caughtUp', { position })))
}

const told = (name: string, outcomes: readonly { readonly what: string; readonly outcome: Outcome }[]): readonly string[] =>
  outcomes.map(({ what, outcome }) => {
    switch (outcome.kind) {
      case 'applied':
        return `${name} ${what}: applied`
      case 'merged':
        return `${name} ${what}: merged, ${outcome.lost.map(({ field }) => field).join(' and ')} kept the later value`
      case 'rejected':
        return `${name} ${what}: rejected, ${outcome.code}`
      default:
        return outcome satisfies never
    }
  })

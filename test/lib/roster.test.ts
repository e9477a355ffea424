import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { Roster } from '../../src/lib/roster.ts'

const member = (name: number) => ({ name, place: -1 })

describe('Roster', () => {
  it('holds what a Set would, whoever comes and goes', () => {
    const steps = fc.array(fc.record({ leave: fc.boolean(), which: fc.nat(20) }), { maxLength: 60 })
    fc.assert(
      fc.property(steps, (taken) => {
        const roster = new Roster<ReturnType<typeof member>>()
        const model = new Set<ReturnType<typeof member>>()
        const members = Array.from({ length: 21 }, (_, name) => member(name))
        for (const { leave, which } of taken) {
          const one = members[which]!
          if (leave) {
            roster.delete(one)
            model.delete(one)
          } else if (!model.has(one)) {
            roster.add(one)
            model.add(one)
          }
        }
        expect(roster.size).toBe(model.size)
        expect(new Set(roster.all())).toEqual(model)
      }),
    )
  })

  it('lets members leave while somebody goes through them', () => {
    const roster = new Roster<ReturnType<typeof member>>()
    for (let name = 0; name < 5; name++) roster.add(member(name))
    const seen: number[] = []
    for (const one of roster.all()) {
      seen.push(one.name)
      roster.delete(one)
    }
    expect(seen).toEqual([0, 1, 2, 3, 4])
    expect(roster.size).toBe(0)
  })
})

/** Uniform numbers in [0, 1) that are the same in every run (mulberry32). */
export function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Bounds that a true distribution exceeds once in a thousand times, by degrees of freedom. */
const CHI_SQUARE_MAX = [0, 10.83, 13.82, 16.27, 18.47]

/** How far counts are from their shares, as a part of the bound: above 1 they are not drawn so. */
export function distance(
  counts: Readonly<Record<string, number>>,
  shares: Readonly<Record<string, number>>,
): number {
  const names = Object.keys(shares)
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const sum = Object.values(shares).reduce((all, share) => all + share, 0)
  if (Object.keys(counts).some((name) => !names.includes(name) && counts[name] !== 0)) return Infinity
  const square = names.reduce((all, name) => {
    const expected = (total * shares[name]!) / sum
    return all + ((counts[name] ?? 0) - expected) ** 2 / expected
  }, 0)
  return square / CHI_SQUARE_MAX[names.length - 1]!
}

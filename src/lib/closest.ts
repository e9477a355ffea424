/**
 * The candidate that `word` was probably meant to be, or undefined when none is near: at most two slips in a long
 * word, one in a short one. Case does not count.
 */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  // A name this long is not a slip, and the distance costs the product of both lengths.
  if (word.length > 100) return undefined
  const wanted = word.toLowerCase()
  let best: string | undefined
  let bestDistance = wanted.length < 5 ? 2 : 3
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toLowerCase(), bestDistance)
    if (distance >= bestDistance) continue
    best = candidate
    bestDistance = distance
  }
  return best
}

/** Inserted, removed, replaced and swapped neighbouring characters; `limit` when there are that many or more. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      current[column] = Math.min(
        last[column]! + 1,
        current[column - 1]! + 1,
        last[column - 1]! + (same ? 0 : 1),
        swapped ? beforeLast[column - 2]! + 1 : Infinity,
      )
    }
    beforeLast = last
    last = current
  }
  return Math.min(last[b.length]!, limit)
}

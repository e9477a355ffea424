const DECIMALS = 9
const NANOS_PER_DOLLAR = 1_000_000_000

/** The most that a whole number can hold, some nine million dollars. */
export const MONEY_MAX_DOLLARS = 9_007_199

/**
 * Dollars as whole nano-dollars: 0.1 is 100,000,000 and nothing below, which a product with 1e9 would not promise for
 * every amount. What is smaller than a nano-dollar is rounded. More than {@link MONEY_MAX_DOLLARS} counts as those.
 */
export function nanodollars(dollars: number | string): number {
  if (Number(dollars) >= MONEY_MAX_DOLLARS) return MONEY_MAX_DOLLARS * NANOS_PER_DOLLAR
  const text = typeof dollars === 'string' ? dollars : dollars.toFixed(DECIMALS)
  const [whole, decimals = ''] = text.split('.')
  return Number(whole) * NANOS_PER_DOLLAR + Number(decimals.slice(0, DECIMALS).padEnd(DECIMALS, '0'))
}

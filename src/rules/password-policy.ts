const LENGTH_MIN = 12
/** In UTF-16 units; hashing longer ones is work that a stranger could ask for. */
const LENGTH_MAX = 1024

/** What default passwords and those of guides are made of. */
const PUBLIC_WORDS =
  /passw[o0]rd|passwort|changeme|secret|letmein|welcome|qwerty|bifrost|signalbox|admin|r[o0]{2}t|test|\d/g

/**
 * What keeps a text from being an administrator's password, in words that follow "expected"; undefined: nothing.
 * Twelve characters of four kinds, as Bifrost asks for, and not a public word with some ornaments. Pure.
 */
export function passwordProblem(password: string): string | undefined {
  if (password.length > LENGTH_MAX) return `at most ${LENGTH_MAX} characters`
  const missing = [
    Array.from(password).length < LENGTH_MIN && `${LENGTH_MIN} characters or more`,
    !/\p{Lu}/u.test(password) && 'an upper-case letter',
    !/\p{Ll}/u.test(password) && 'a lower-case letter',
    !/\p{Nd}/u.test(password) && 'a digit',
    !/[^\p{L}\p{Nd}\s]/u.test(password) && 'a special character',
  ].filter((one) => one !== false)
  if (missing.length > 0) return missing.join(', ')
  return isPublic(password) ? 'no word that everybody tries first' : undefined
}

/** Nothing, or what is tried first: nobody may sign in with it, whoever configured it (I15, I21). Pure. */
export function isPublic(password: string): boolean {
  if (password === '') return true
  const letters = password
    .toLowerCase()
    .replaceAll('@', 'a')
    .replaceAll('$', 's')
    .replaceAll(/[^\p{L}\p{Nd}]/gu, '')
  return letters !== '' && letters.replaceAll(PUBLIC_WORDS, '') === ''
}

import { isPublic, passwordProblem } from './password-policy.ts'

/** `$scrypt$ln=15,r=8,p=3$<salt>$<digest>`, as PHC strings are written. */
const SCRYPT_HASH = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w+/]{11,86})\$([\w+/]{43,86})$/
/** More than these would be minutes of work, or gigabytes, for each try. */
const LN_MAX = 20
const R_MAX = 16
const P_MAX = 16

export interface ScryptHash {
  readonly ln: number
  readonly r: number
  readonly p: number
  /** Both as base64 without padding. */
  readonly salt: string
  readonly digest: string
}

/** A configured password that is kept as a hash; undefined: it is none, or one that nobody could afford to check. */
export function parseScryptHash(text: string): ScryptHash | undefined {
  const [, ln, r, p, salt, digest] = SCRYPT_HASH.exec(text) ?? []
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) }
  const isBearable =
    cost.ln >= 1 && cost.ln <= LN_MAX && cost.r >= 1 && cost.r <= R_MAX && cost.p >= 1 && cost.p <= P_MAX
  return isBearable ? { ...cost, salt: salt!, digest: digest! } : undefined
}

/** What is wrong with the administrator of the settings. */
export interface AdministratorProblem {
  /** Nobody can sign in, and nothing is open because of it (I21). */
  readonly closed: boolean
  readonly message: string
}

/** Undefined: nothing is. The settings ask for the password. Pure. */
export function administratorProblem(
  username: string | undefined,
  password: string | undefined,
): AdministratorProblem | undefined {
  const closed = (why: string) => ({ closed: true, message: `Nobody can sign in to the admin API: ${why}.` })
  if (username === undefined) return closed('auth_config.admin_username is missing')
  if (password === undefined) return closed('auth_config.admin_password is missing')
  if (parseScryptHash(password) !== undefined) return undefined
  if (/^\$2[abxy]?\$\d\d\$/.test(password))
    return closed(
      'auth_config.admin_password is a bcrypt hash, and this gateway checks scrypt; write the password itself, as env.NAME, or its scrypt hash',
    )
  if (/^\$[a-z0-9-]+\$/.test(password))
    return closed('auth_config.admin_password is a hash of a form that this gateway does not check')
  if (isPublic(password)) return closed('auth_config.admin_password is one that everybody tries first')
  const problem = passwordProblem(password)
  if (problem === undefined) return undefined
  return { closed: false, message: `auth_config.admin_password is weak: expected ${problem}.` }
}

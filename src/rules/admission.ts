/** What a request for the gateway's own API has shown of itself. */
export interface AdmissionQuestion {
  /** There is an administrator, and so a password that is asked for. */
  readonly hasAdministrator: boolean
  /** What was sent to prove who asks; wrong: something that proves nothing here, whatever it may prove elsewhere. */
  readonly proof: 'none' | 'wrong' | 'administrator' | 'setup-token'
  /** The peer is this machine, and speaks for nobody else. */
  readonly isThisMachine: boolean
}

export type Admission =
  | { readonly outcome: 'admitted'; readonly as: 'administrator' | 'setup' | 'machine' }
  | { readonly outcome: 'unauthenticated' | 'forbidden'; readonly message: string }

/**
 * Who may administer. Once there is an administrator, nobody else. Before, a program of this machine, which could read
 * `config.json` anyway, and whoever has the token for setting up. A key of any kind (virtual, a provider's, a login of
 * another program or of another gateway) is a right to something else: who sends one is refused even where who sends
 * nothing is let in (I5). Pure.
 */
export function admission({ hasAdministrator, proof, isThisMachine }: AdmissionQuestion): Admission {
  if (hasAdministrator)
    return proof === 'administrator'
      ? { outcome: 'admitted', as: 'administrator' }
      : { outcome: 'unauthenticated', message: proof === 'none' ? SIGN_IN : WRONG }
  if (proof === 'setup-token') return { outcome: 'admitted', as: 'setup' }
  if (proof !== 'none') return { outcome: 'unauthenticated', message: WRONG }
  return isThisMachine ? { outcome: 'admitted', as: 'machine' } : { outcome: 'forbidden', message: ELSEWHERE }
}

const SIGN_IN =
  'Unauthorized: sign in with POST /api/session/login, or send the token that it gave as a bearer.'
const WRONG = 'Unauthorized: what was sent is not the login of an administrator of this gateway.'
const ELSEWHERE =
  'Only the machine on which the gateway runs may ask for this, until there is an administrator: configure governance.auth_config, or a setup token.'

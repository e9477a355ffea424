import type { AwsAccounts } from './aws-accounts.ts'
import { json, Refusal, startService } from './service.ts'
import type { Service } from './service.ts'

export interface SsoOptions {
  accounts: AwsAccounts
  /** The login that is good now. */
  accessToken: string
  /** What renews it, once: it is another after that. */
  refreshToken?: string
  accountId: string
  roleName: string
}

/** IAM Identity Center: the portal that gives out keys of roles, and what renews logins. */
export function startSso(options: SsoOptions): Promise<Service> {
  let { accessToken, refreshToken } = options
  let renewals = 0
  return startService(({ method, path, headers, body }) => {
    const url = new URL(path, 'http://sso')
    if (method === 'POST' && url.pathname === '/token') {
      const asked = JSON.parse(Buffer.from(body).toString()) as Record<string, string>
      const good = asked['grantType'] === 'refresh_token' && asked['clientId'] === 'client' && asked['clientSecret'] === 'client-secret' // prettier-ignore
      if (!good || refreshToken === undefined || asked['refreshToken'] !== refreshToken)
        throw new Refusal(
          json({ error: 'invalid_grant', error_description: `no ${asked['refreshToken']}` }, 400),
        )
      renewals++
      accessToken = `renewed-login-${renewals}`
      refreshToken = `renewal-${renewals}`
      return json({ accessToken, refreshToken, expiresIn: 3600, tokenType: 'Bearer' })
    }
    if (method !== 'GET' || url.pathname !== '/federation/credentials') throw new Refusal({ status: 404 })
    if (headers['x-amz-sso_bearer_token'] !== accessToken)
      throw new Refusal(json({ message: 'Session token not found or invalid' }, 401))
    if (
      url.searchParams.get('account_id') !== options.accountId ||
      url.searchParams.get('role_name') !== options.roleName
    )
      // prettier-ignore
      throw new Refusal(json({ message: 'No access' }, 403))
    const { accessKeyId, secretAccessKey, sessionToken, expiresAtMs } = options.accounts.issue(3600)
    return json({ roleCredentials: { accessKeyId, secretAccessKey, sessionToken, expiration: expiresAtMs } })
  })
}

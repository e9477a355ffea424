import type { AwsAccounts } from './aws-accounts.ts'
import { json, Refusal, startService } from './service.ts'
import type { Reply, Service } from './service.ts'

const ROLES = '/latest/meta-data/iam/security-credentials/'

/** The metadata service of an instance, version 2: nothing without a session, and no session through a proxy. */
export function startInstanceMetadata(accounts: AwsAccounts, role: string | undefined): Promise<Service> {
  const sessions = new Set<string>()
  return startService(({ method, path, headers }) => {
    if (headers['x-forwarded-for'] !== undefined) throw new Refusal({ status: 403 })
    if (path === '/latest/api/token') {
      if (method !== 'PUT') throw new Refusal({ status: 405 })
      const seconds = Number(headers['x-aws-ec2-metadata-token-ttl-seconds'])
      if (!(seconds >= 1 && seconds <= 21_600)) throw new Refusal({ status: 400 })
      const session = `AQAEALsession${sessions.size}==`
      sessions.add(session)
      return { body: session }
    }
    if (method !== 'GET') throw new Refusal({ status: 405 })
    if (!sessions.has(String(headers['x-aws-ec2-metadata-token']))) throw new Refusal({ status: 401 })
    if (role === undefined) throw new Refusal({ status: 404 })
    if (path === ROLES) return { body: role }
    if (path === ROLES + encodeURIComponent(role)) return roleCredentials(accounts, { Code: 'Success' })
    throw new Refusal({ status: 404 })
  })
}

/** The agent beside a container, which knows it by a token. */
export function startContainerAgent(accounts: AwsAccounts, token: string): Promise<Service> {
  return startService(({ method, path, headers }) => {
    if (method !== 'GET' || path !== '/v1/credentials') throw new Refusal({ status: 404 })
    if (headers['authorization'] !== token) throw new Refusal(json({ code: 'AccessDeniedException' }, 401))
    return roleCredentials(accounts, { RoleArn: 'arn:aws:iam::123456789012:role/task' })
  })
}

/** In six hours: so long they give them out for. */
function roleCredentials(accounts: AwsAccounts, more: object): Reply {
  const { accessKeyId, secretAccessKey, sessionToken, expiresAtMs } = accounts.issue(6 * 3600)
  return json({
    ...more,
    LastUpdated: '2026-01-01T00:00:00Z',
    Type: 'AWS-HMAC',
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    Token: sessionToken,
    Expiration: new Date(expiresAtMs).toISOString(),
  })
}

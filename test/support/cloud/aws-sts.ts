import type { AwsAccounts } from './aws-accounts.ts'
import { SignatureRefusal } from './aws-signature.ts'
import type { SeenRequest } from './aws-signature.ts'
import { formOf, Refusal, startService } from './service.ts'
import type { Reply, Service } from './service.ts'

export interface StsOptions {
  accounts: AwsAccounts
  /** Roles by ARN, and what they want of who takes them. */
  roles: Readonly<Record<string, { externalId?: string; webIdentity?: string }>>
  region?: string
}

/** STS: checks who asks, and gives out temporary keys that `accounts` knows from then on. */
export function startSts({ accounts, roles, region = 'us-east-1' }: StsOptions): Promise<Service> {
  return startService((request) => {
    const form = formOf(request)
    if (form.get('Version') !== '2011-06-15') throw refusal(400, 'InvalidAction', 'Could not find operation')
    const action = form.get('Action') ?? ''
    const role = roles[form.get('RoleArn') ?? '']
    if (action === 'AssumeRole') {
      checkSigner(accounts, request, region)
      if (role === undefined || (role.externalId ?? '') !== (form.get('ExternalId') ?? ''))
        throw refusal(
          403,
          'AccessDenied',
          `User: arn:aws:iam::1:user/x is not authorized, token ${form.toString()}`,
        )
    } else if (action === 'AssumeRoleWithWebIdentity') {
      if (request.headers['authorization'] !== undefined)
        throw refusal(400, 'ValidationError', 'must not be signed')
      if (role?.webIdentity === undefined || role.webIdentity !== form.get('WebIdentityToken'))
        throw refusal(
          400,
          'InvalidIdentityToken',
          `No OpenIDConnect provider found for ${form.get('WebIdentityToken')}`,
        )
    } else throw refusal(400, 'InvalidAction', 'Could not find operation')
    if (!/^[\w+=,.@-]{2,64}$/.test(form.get('RoleSessionName') ?? ''))
      throw refusal(400, 'ValidationError', 'roleSessionName failed to satisfy constraint')
    const seconds = Number(form.get('DurationSeconds') ?? 3600)
    if (!(seconds >= 900 && seconds <= 43_200)) throw refusal(400, 'ValidationError', 'durationSeconds')
    return credentials(action, accounts.issue(seconds))
  })
}

function checkSigner(accounts: AwsAccounts, request: SeenRequest, region: string): void {
  try {
    accounts.check(request, { service: 'sts', region })
  } catch (error) {
    if (error instanceof SignatureRefusal) throw refusal(403, error.code, error.message)
    throw error
  }
}

function credentials(action: string, keys: ReturnType<AwsAccounts['issue']>): Reply {
  return {
    headers: { 'content-type': 'text/xml' },
    body: `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <${action}Result>
    <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/demo/x</Arn><AssumedRoleId>ARO123EXAMPLE123:x</AssumedRoleId></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>${keys.accessKeyId}</AccessKeyId>
      <SecretAccessKey>${keys.secretAccessKey}</SecretAccessKey>
      <SessionToken>${keys.sessionToken}</SessionToken>
      <Expiration>${new Date(keys.expiresAtMs).toISOString()}</Expiration>
    </Credentials>
    <PackedPolicySize>6</PackedPolicySize>
  </${action}Result>
  <ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata>
</${action}Response>`,
  }
}

function refusal(status: number, code: string, message: string): Refusal {
  return new Refusal({
    status,
    headers: { 'content-type': 'text/xml' },
    body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
  })
}

import type { AwsIdentity } from '../authorization.ts'
import { fromEnvironment } from './aws-identity.ts'
import { fetchContainer, fetchInstance } from './aws-metadata.ts'
import { fetchProfile } from './aws-profile.ts'
import { assumeRoleWithWebIdentity } from './aws-sts.ts'
import type { Fetched } from './credential-cache.ts'
import { readNamed, unauthenticated, variable } from './surroundings.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * Credentials of this machine, looked for in the order of AWS's SDK for JavaScript, which the agents use: the profile
 * that AWS_PROFILE names, else variables, a token of the environment, the shared files, the container, the instance.
 *
 * By hand: @aws-sdk/credential-provider-node brings 16 MB, dials metadata services by itself, and starts the
 * programs that a profile names.
 * https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
export async function fetchDefaultAws(
  region: string,
  surroundings: Surroundings,
): Promise<Fetched<AwsIdentity>> {
  const named = variable(surroundings, 'AWS_PROFILE') !== undefined
  const found =
    (named ? undefined : fromEnvironment(surroundings)) ??
    (named ? undefined : await fromWebIdentity(region, surroundings)) ??
    (await fetchProfile(region, surroundings)) ??
    (await fetchContainer(surroundings)) ??
    (await fetchInstance(surroundings))
  if (found !== undefined) return found
  throw unauthenticated(
    'There are no AWS credentials: bedrock_key_config has no access_key and secret_key, AWS_ACCESS_KEY_ID and ' +
      'AWS_WEB_IDENTITY_TOKEN_FILE are not set, the shared files have no profile, and neither a container nor an instance has a role',
  )
}

async function fromWebIdentity(
  region: string,
  surroundings: Surroundings,
): Promise<Fetched<AwsIdentity> | undefined> {
  const tokenFile = variable(surroundings, 'AWS_WEB_IDENTITY_TOKEN_FILE')
  const roleArn = variable(surroundings, 'AWS_ROLE_ARN')
  if (tokenFile === undefined || roleArn === undefined) return undefined
  const token = await readNamed(tokenFile, 'AWS_WEB_IDENTITY_TOKEN_FILE')
  const role = {
    roleArn,
    sessionName: variable(surroundings, 'AWS_ROLE_SESSION_NAME'),
    place: 'AWS_ROLE_ARN',
  }
  return assumeRoleWithWebIdentity(role, token, region, surroundings)
}

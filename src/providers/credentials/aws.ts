import type { AwsIdentity, BedrockSettings } from '../authorization.ts'
import { fetchDefaultAws } from './aws-chain.ts'
import { identityOf } from './aws-identity.ts'
import { assumeRole } from './aws-sts.ts'
import type { Fetched } from './credential-cache.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * What signs requests to AWS: the keys of the settings, else what the machine has; and where the settings name a
 * role, that role, taken with them.
 */
export async function fetchAws(
  settings: BedrockSettings,
  surroundings: Surroundings,
): Promise<Fetched<AwsIdentity>> {
  const { region, accessKey, secretKey, sessionToken, roleArn, externalId, sessionName } = settings
  const first =
    accessKey !== undefined && secretKey !== undefined
      ? {
          value: identityOf(accessKey, secretKey, sessionToken),
          expiresAtMs: Infinity,
          refreshAtMs: Infinity,
        }
      : await fetchDefaultAws(region, surroundings)
  if (roleArn === undefined) return first
  const role = { roleArn, externalId, sessionName, place: 'bedrock_key_config.role_arn' }
  return assumeRole(role, first.value, region, surroundings)
}

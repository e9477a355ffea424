import type { AwsIdentity } from '../authorization.ts'
import { readAwsFiles } from './aws-files.ts'
import type { AwsFiles, Section } from './aws-files.ts'
import { fromEnvironment, identityOf, lasting } from './aws-identity.ts'
import { fetchContainer, fetchInstance } from './aws-metadata.ts'
import { fetchSso } from './aws-sso.ts'
import { assumeRole, assumeRoleWithWebIdentity } from './aws-sts.ts'
import type { Role } from './aws-sts.ts'
import type { Fetched } from './credential-cache.ts'
import { readNamed, unauthenticated, variable } from './surroundings.ts'
import type { Surroundings } from './surroundings.ts'

interface Search {
  readonly files: AwsFiles
  /** Of the key; a profile may name its own. */
  readonly region: string
  readonly surroundings: Surroundings
  /** Profiles that lead here. */
  readonly trail: readonly string[]
}

/** The profile of AWS_PROFILE, or `default`; undefined where neither is named nor there. */
export async function fetchProfile(
  region: string,
  surroundings: Surroundings,
): Promise<Fetched<AwsIdentity> | undefined> {
  const files = await readAwsFiles(surroundings)
  const named = variable(surroundings, 'AWS_PROFILE')
  const profile = files.profiles.get(named ?? 'default')
  if (profile === undefined && named === undefined) return undefined
  const search = { files, region, surroundings, trail: [] }
  return (await resolveProfile(named ?? 'default', search)) ?? orNothing(named)
}

/** A `default` that only sets a region is common; a profile that was asked for by name is not passed over. */
function orNothing(named: string | undefined): undefined {
  if (named === undefined) return undefined
  throw unauthenticated(
    `The AWS profile ${named} has no credentials: expected keys, a role, or an SSO session (\`aws login\` is not supported)`,
  )
}

async function resolveProfile(name: string, search: Search): Promise<Fetched<AwsIdentity> | undefined> {
  const profile = search.files.profiles.get(name)
  if (profile === undefined) throw unauthenticated(`The shared AWS files have no profile ${name}`)
  const roleArn = profile.get('role_arn')
  // A profile that takes its role with its own keys names itself as the source.
  if (roleArn !== undefined && !search.trail.includes(name)) return takeRole(name, roleArn, profile, search)
  const keys = keysOf(profile, search.surroundings)
  if (keys !== undefined) return keys
  if (roleArn !== undefined)
    throw unauthenticated(`The AWS profile ${name} takes its role from itself, without keys`)
  if (profile.has('sso_account_id') || profile.has('sso_session'))
    return fetchSso(name, profile, search.files, search.surroundings)
  if (profile.has('credential_process')) {
    throw unauthenticated(
      `The AWS profile ${name} names a credential_process: the gateway starts no programs; run it yourself and set AWS_ACCESS_KEY_ID`,
    )
  }
  return undefined
}

function keysOf(profile: Section, surroundings: Surroundings): Fetched<AwsIdentity> | undefined {
  const accessKeyId = profile.get('aws_access_key_id')
  const secretAccessKey = profile.get('aws_secret_access_key')
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined
  const identity = identityOf(accessKeyId, secretAccessKey, profile.get('aws_session_token'))
  return lasting(identity, surroundings.now())
}

async function takeRole(
  name: string,
  roleArn: string,
  profile: Section,
  search: Search,
): Promise<Fetched<AwsIdentity>> {
  if (profile.has('mfa_serial'))
    throw unauthenticated(
      `The AWS profile ${name} wants a code of a device (mfa_serial), which nobody is there to type`,
    )
  const { surroundings } = search
  const region = profile.get('region') ?? search.region
  const role: Role = {
    roleArn,
    externalId: profile.get('external_id'),
    sessionName: profile.get('role_session_name'),
    durationSeconds: Number(profile.get('duration_seconds')) || undefined,
    place: `the AWS profile ${name}`,
  }
  const tokenFile = profile.get('web_identity_token_file')
  if (tokenFile !== undefined) {
    const token = await readNamed(tokenFile, `web_identity_token_file of the AWS profile ${name}`)
    return assumeRoleWithWebIdentity(role, token, region, surroundings)
  }
  const source = await findSource(name, profile, search)
  if (source === undefined)
    throw unauthenticated(`The AWS profile ${name} takes a role from a source that has no credentials`)
  return assumeRole(role, source.value, region, surroundings)
}

async function findSource(
  name: string,
  profile: Section,
  search: Search,
): Promise<Fetched<AwsIdentity> | undefined> {
  const { surroundings, trail } = search
  const source = profile.get('source_profile')
  if (source !== undefined) {
    if (source !== name && trail.includes(source))
      throw unauthenticated(
        `The AWS profiles ${[...trail, name, source].join(', ')} take their roles from each other`,
      )
    return resolveProfile(source, { ...search, trail: [...trail, name] })
  }
  switch (profile.get('credential_source')) {
    case 'Environment':
      return fromEnvironment(surroundings)
    case 'EcsContainer':
      return fetchContainer(surroundings)
    case 'Ec2InstanceMetadata':
      return fetchInstance(surroundings)
    default:
      throw unauthenticated(
        `The AWS profile ${name} has a role_arn and no source: expected source_profile, credential_source or web_identity_token_file`,
      )
  }
}

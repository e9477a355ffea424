import type { AwsIdentity } from '../authorization.ts'
import { readIdentity } from './aws-identity.ts'
import type { Fetched } from './credential-cache.ts'
import { readNamed, unauthenticated, variable } from './surroundings.ts'
import type { Surroundings } from './surroundings.ts'
import { accepted, asToken, askMachine, readFields, textIn } from './token-service.ts'

const CONTAINER_HOST = 'http://169.254.170.2'
/** Where a plain address may send the container's token: this machine, and the services of ECS and EKS. */
const PLAIN_HOSTS =
  /^(?:localhost|127(?:\.\d+){3}|\[::1\]|169\.254\.170\.2|169\.254\.170\.23|\[fd00:ec2::23\])$/

const INSTANCE_HOST = 'http://169.254.169.254'
const INSTANCE_HOST_IPV6 = 'http://[fd00:ec2::254]'
const ROLE_PATH = '/latest/meta-data/iam/security-credentials/'
const SESSION_SECONDS = '21600'

/** The role of this container (ECS, EKS Pod Identity, Lambda's like); undefined where no variable names one. */
export async function fetchContainer(surroundings: Surroundings): Promise<Fetched<AwsIdentity> | undefined> {
  const relative = variable(surroundings, 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI')
  const full = variable(surroundings, 'AWS_CONTAINER_CREDENTIALS_FULL_URI')
  const text = relative === undefined ? full : `${CONTAINER_HOST}${relative}`
  if (text === undefined) return undefined
  const url = URL.parse(text)
  if (
    url === null ||
    !(url.protocol === 'https:' || (url.protocol === 'http:' && PLAIN_HOSTS.test(url.hostname)))
  )
    throw unauthenticated(
      'AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor an address of the container agent',
    )
  const tokenFile = variable(surroundings, 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE')
  const token =
    tokenFile === undefined
      ? variable(surroundings, 'AWS_CONTAINER_AUTHORIZATION_TOKEN')
      : await readNamed(tokenFile, 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE')
  const headers: Record<string, string> = token === undefined ? {} : { authorization: token }
  const answer = await askMachine(surroundings, { method: 'GET', url, headers })
  if (answer === undefined)
    throw unauthenticated(`${url.host}, which has the role of this container, does not answer`)
  const fields = readFields(
    accepted(answer, url.host, 'the role of this container', () => undefined),
    url.host,
  )
  return readIdentity(fields, url.host, surroundings.now())
}

/**
 * The role of this instance; undefined where there is no metadata service, or the instance has no role. Version 2
 * alone: without its session anybody who makes a gateway fetch an address could read the keys.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 */
export async function fetchInstance(surroundings: Surroundings): Promise<Fetched<AwsIdentity> | undefined> {
  if (variable(surroundings, 'AWS_EC2_METADATA_DISABLED')?.toLowerCase() === 'true') return undefined
  const base = instanceHost(surroundings)
  const opening = await askMachine(surroundings, {
    method: 'PUT',
    url: new URL('/latest/api/token', base),
    headers: { 'x-aws-ec2-metadata-token-ttl-seconds': SESSION_SECONDS },
  })
  // On other clouds something else answers at this address.
  if (opening === undefined || opening.status === 404 || opening.status === 405) return undefined
  const session = accepted(opening, base.host, 'a session; it may be out of reach by a hop', () => undefined)
  const headers = { 'x-aws-ec2-metadata-token': asToken(session.text.trim(), base.host) }
  const ask = (path: string) => askMachine(surroundings, { method: 'GET', url: new URL(path, base), headers })
  const roles = await ask(ROLE_PATH)
  if (roles === undefined || roles.status === 404) return undefined
  const role = accepted(roles, base.host, 'to name the role of this instance', () => undefined).text.split(
    '\n',
  )[0]
  const answer = await ask(`${ROLE_PATH}${encodeURIComponent(role?.trim() ?? '')}`)
  if (answer === undefined) return undefined
  const fields = readFields(
    accepted(answer, base.host, 'the role of this instance', () => undefined),
    base.host,
  )
  if (textIn(fields, 'Code') !== 'Success')
    throw unauthenticated(
      `${base.host} has no keys for the role of this instance; its trust policy must name EC2`,
    )
  return readIdentity(fields, base.host, surroundings.now())
}

function instanceHost(surroundings: Surroundings): URL {
  const mode = variable(surroundings, 'AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE')?.toLowerCase()
  const standard = mode === 'ipv6' ? INSTANCE_HOST_IPV6 : INSTANCE_HOST
  const url = URL.parse(variable(surroundings, 'AWS_EC2_METADATA_SERVICE_ENDPOINT') ?? standard)
  if (url === null) throw unauthenticated('AWS_EC2_METADATA_SERVICE_ENDPOINT is no address')
  return url
}

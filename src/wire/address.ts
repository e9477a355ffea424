import { BlockList, isIP } from 'node:net'

/**
 * never: no provider lives there (link-local and cloud metadata, unspecified, multicast, reserved);
 * private: only where the operator's own file says so; public: anybody's.
 */
export type AddressClass = 'public' | 'private' | 'never'

const NEVER = blockList(
  [['0.0.0.0', 8], ['169.254.0.0', 16], ['224.0.0.0', 4], ['240.0.0.0', 4]],
  [['::', 128], ['fe80::', 10], ['ff00::', 8], ['fd00:ec2::', 32]],
) // prettier-ignore

const PRIVATE = blockList(
  [['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['172.16.0.0', 12], ['192.0.0.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15]],
  [['::1', 128], ['fc00::', 7], ['fec0::', 10], ['2001::', 32]],
) // prettier-ignore

/** Prefixes that carry an IPv4 address inside: NAT64, 6to4, mapped. The inner address counts. */
const EMBEDDED: readonly { prefix: RegExp; offset: number }[] = [
  { prefix: /^0000:0000:0000:0000:0000:ffff:/, offset: 6 },
  { prefix: /^0000:0000:0000:0000:0000:0000:/, offset: 6 },
  { prefix: /^0064:ff9b:/, offset: 6 },
  { prefix: /^2002:/, offset: 1 },
]

/** The class of an IP address as text; `never` for what is no address. */
export function classify(address: string): AddressClass {
  const family = isIP(address)
  if (family === 0) return 'never'
  const kind = family === 4 ? 'ipv4' : 'ipv6'
  if (NEVER.check(address, kind)) return 'never'
  if (PRIVATE.check(address, kind)) return 'private'
  if (family === 4) return 'public'
  const inner = embedded(address)
  return inner === undefined ? 'public' : classify(inner)
}

function embedded(address: string): string | undefined {
  const groups = expand(address)
  const text = `${groups.join(':')}:`
  const found = EMBEDDED.find(({ prefix }) => prefix.test(text))
  if (found === undefined) return undefined
  const bytes = [groups[found.offset]!, groups[found.offset + 1]!].flatMap((group) => [
    parseInt(group.slice(0, 2), 16),
    parseInt(group.slice(2), 16),
  ])
  return bytes.join('.')
}

/** Eight groups of four digits. */
function expand(address: string): string[] {
  const plain = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1)
  const [head = '', tail] = plain.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const middle = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill('0')
  return [...left, ...middle, ...right].map((group) => group.padStart(4, '0'))
}

function blockList(
  ipv4: readonly (readonly [string, number])[],
  ipv6: readonly (readonly [string, number])[],
): BlockList {
  const list = new BlockList()
  for (const [address, bits] of ipv4) list.addSubnet(address, bits, 'ipv4')
  for (const [address, bits] of ipv6) list.addSubnet(address, bits, 'ipv6')
  return list
}

import { BlockList, isIP } from 'node:net'

/**
 * never: no provider lives there (link-local and cloud metadata, unspecified, multicast, reserved);
 * private: only where the operator's own file says so; public: anybody's.
 */
export type AddressClass = 'public' | 'private' | 'never'

/** Metadata services of clouds stand here beside the reserved ranges: they hand out the machine's credentials. */
const NEVER = blockList(
  [
    ['0.0.0.0', 8], ['169.254.0.0', 16], ['192.0.2.0', 24], ['198.51.100.0', 24], ['203.0.113.0', 24],
    ['224.0.0.0', 4], ['240.0.0.0', 4],
    // Alibaba, Oracle and Azure keep theirs outside the link-local range.
    ['100.100.100.200', 32], ['192.0.0.192', 32], ['168.63.129.16', 32],
  ],
  [['fd00:ec2::', 32], ['fd20:ce::', 32], ['2001:db8::', 32], ['3fff::', 20]],
) // prettier-ignore

const PRIVATE = blockList(
  [
    ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['172.16.0.0', 12], ['192.0.0.0', 24],
    ['192.168.0.0', 16], ['198.18.0.0', 15],
  ],
  [['::1', 128], ['fc00::', 7], ['fec0::', 10], ['64:ff9b:1::', 48], ['2001::', 23]],
) // prettier-ignore

/** Where Amazon, Google and Azure tell a machine or a container its credentials. */
const METADATA = blockList([['169.254.0.0', 16]], [['fd00:ec2::', 32], ['fd20:ce::', 32]]) // prettier-ignore

/** All that IANA has given out; what is outside and not named above is reserved. */
const GIVEN_OUT = blockList([], [['2000::', 3]])

/** Prefixes that carry an IPv4 address, and its place in groups of 16 bits. The inner address counts. */
const CARRIERS: readonly { prefix: RegExp; at: number }[] = [
  // Mapped, and the deprecated compatible form.
  { prefix: /^(0:){5}(ffff|0):/, at: 6 },
  // NAT64.
  { prefix: /^64:ff9b:(0:){4}/, at: 6 },
  // 6to4.
  { prefix: /^2002:/, at: 1 },
]

/** The class of an IP address as text; `never` for what is no address. */
export function classify(address: string): AddressClass {
  const family = isIP(address)
  if (family === 0) return 'never'
  const kind = family === 4 ? 'ipv4' : 'ipv6'
  if (NEVER.check(address, kind)) return 'never'
  if (PRIVATE.check(address, kind)) return 'private'
  if (family === 4) return 'public'
  const inner = carried(address)
  if (inner !== undefined) return classify(inner)
  return GIVEN_OUT.check(address, kind) ? 'public' : 'never'
}

/** May a machine's own credentials come from this address? Its class is `never` all the same. */
export function isMetadataAddress(address: string): boolean {
  const family = isIP(address)
  return family !== 0 && METADATA.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

function carried(address: string): string | undefined {
  const groups = expand(address)
  const text = groups.map((group) => group.toString(16)).join(':')
  const carrier = CARRIERS.find(({ prefix }) => prefix.test(text))
  if (carrier === undefined) return undefined
  const [high = 0, low = 0] = groups.slice(carrier.at, carrier.at + 2)
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.')
}

/** The eight groups of an IPv6 address; `URL` writes the forms with dots and with leading zeros plainly. */
function expand(address: string): number[] {
  const plain = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1)
  const [head = '', tail = ''] = plain.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)))
  const left = groups(head)
  const right = groups(tail)
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right]
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

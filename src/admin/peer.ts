import { isIP, isIPv6 } from 'node:net'
import { isThisMachine } from '../http/guards.ts'
import type { OwnHead } from '../http/router.ts'

/** What a reverse proxy writes when it speaks for another machine. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip']

/** Does a program of this machine ask for itself? A proxy on it speaks for everybody who reaches the proxy. */
export function asksForItself({ peer, headers }: Pick<OwnHead, 'peer' | 'headers'>): boolean {
  return isThisMachine(peer) && FORWARDED.every((name) => headers[name] === undefined)
}

/**
 * Whom tries are counted of: an IPv4 address, or the 64 bits of an IPv6 one that a customer is given as a whole. Of a
 * proxy on this machine, whom it says last that it speaks for: what stands before was written by its caller.
 */
export function throttleKey({ peer, headers }: Pick<OwnHead, 'peer' | 'headers'>): string {
  const forwarded = headers['x-forwarded-for']
  const last = typeof forwarded === 'string' ? forwarded.split(',').at(-1)!.trim() : ''
  return prefixOf(isThisMachine(peer) && isIP(last) !== 0 ? last : peer)
}

function prefixOf(peer: string): string {
  const address = peer.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  if (!isIPv6(address)) return address
  const [before = '', after = ''] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const [left, right] = [groups(before), groups(after)]
  const zeros = address.includes('::')
    ? Array.from({ length: 8 - left.length - right.length }, () => '0')
    : []
  return [...left, ...zeros, ...right]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
}

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classify } from '../../src/wire/address.ts'
import type { AddressClass } from '../../src/wire/address.ts'

const ROWS: [AddressClass, string, string][] = [
  ['public', 'a public server', '1.1.1.1'],
  ['public', 'the last public address before multicast', '223.255.255.255'],
  ['public', 'a public server', '2606:4700:4700::1111'],
  ['public', 'a public server, written out', '2606:4700:4700:0000:0000:0000:0000:1111'],
  ['public', 'below the private 172 range', '172.15.255.255'],
  ['public', 'above the private 172 range', '172.32.0.0'],
  ['public', 'mapped public address', '::ffff:8.8.8.8'],
  ['public', 'NAT64 of a public address', '64:ff9b::808:808'],
  ['public', '6to4 of a public address', '2002:808:808::1'],

  ['private', 'loopback', '127.0.0.1'],
  ['private', 'loopback, another', '127.255.255.254'],
  ['private', 'loopback', '::1'],
  ['private', 'loopback, written out', '0:0:0:0:0:0:0:1'],
  ['private', 'K1 mapped loopback', '::ffff:127.0.0.1'],
  ['private', 'K1 mapped loopback in groups', '::ffff:7f00:1'],
  ['private', 'K1 mapped loopback, written out', '0:0:0:0:0:ffff:7f00:0001'],
  ['private', 'K1 IPv4-compatible loopback', '::127.0.0.1'],
  ['private', 'K1 NAT64 of loopback', '64:ff9b::7f00:1'],
  ['private', 'K1 NAT64 of loopback, dotted', '64:ff9b::127.0.0.1'],
  ['private', 'K1 local NAT64', '64:ff9b:1::7f00:1'],
  ['private', 'K1 6to4 of loopback', '2002:7f00:1::'],
  ['private', 'K1 6to4 of a private address', '2002:c0a8:101::5'],
  ['private', 'Teredo', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  ['private', 'ten', '10.1.2.3'],
  ['private', '172.16', '172.16.0.1'],
  ['private', '172.31', '172.31.255.255'],
  ['private', '192.168', '192.168.178.20'],
  ['private', 'K1 carrier-grade NAT', '100.64.0.1'],
  ['private', 'benchmarking', '198.18.0.1'],
  ['private', 'unique local', 'fd12:3456::1'],
  ['private', 'site-local of old', 'fec0::1'],

  ['never', 'K1 metadata of most clouds', '169.254.169.254'],
  ['never', 'K1 mapped metadata', '::ffff:169.254.169.254'],
  ['never', 'K1 mapped metadata in groups', '::ffff:a9fe:a9fe'],
  ['never', 'K1 NAT64 of metadata', '64:ff9b::a9fe:a9fe'],
  ['never', 'K1 6to4 of metadata', '2002:a9fe:a9fe::'],
  ['never', 'K1 metadata of AWS', 'fd00:ec2::254'],
  ['never', 'K1 metadata of Google', 'fd20:ce::254'],
  ['never', 'K1 metadata of Alibaba', '100.100.100.200'],
  ['never', 'K1 metadata of Oracle', '192.0.0.192'],
  ['never', 'K1 platform address of Azure', '168.63.129.16'],
  ['never', 'K1 unspecified', '0.0.0.0'],
  ['never', 'K1 this network', '0.1.2.3'],
  ['never', 'K1 unspecified', '::'],
  ['never', 'K1 mapped unspecified', '::ffff:0.0.0.0'],
  ['never', 'K1 link-local', 'fe80::1'],
  ['never', 'K1 link-local with its zone', 'fe80::1%eth0'],
  ['never', 'multicast', '224.0.0.1'],
  ['never', 'multicast', 'ff02::1'],
  ['never', 'broadcast', '255.255.255.255'],
  ['never', 'reserved', '240.0.0.1'],
  ['never', 'documentation', '192.0.2.1'],
  ['never', 'documentation', '2001:db8::1'],
  ['never', 'IPv4-translated', '::ffff:0:127.0.0.1'],
  ['never', 'discard-only', '100::1'],
  ['never', 'not given out', '4000::1'],
  ['never', 'not given out', '1::1'],
  ['never', 'a name', 'localhost'],
  ['never', 'nothing', ''],
  ['never', 'K1 short form, which only URL may read', '127.1'],
  ['never', 'K1 octal', '0177.0.0.1'],
  ['never', 'K1 one number', '2130706433'],
  ['never', 'K1 hexadecimal', '0x7f.1'],
  ['never', 'brackets', '[::1]'],
]

describe('classify', () => {
  it.each(ROWS)('%s: %s (%s)', (kind, _what, address) => expect(classify(address)).toBe(kind))

  const bytes = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255))

  it('judges an IPv4 address the same in every IPv6 form that carries it', () => {
    fc.assert(
      fc.property(bytes, ([a, b, c, d]) => {
        const dotted = `${a}.${b}.${c}.${d}`
        const high = ((a << 8) | b).toString(16)
        const low = ((c << 8) | d).toString(16)
        const forms = [
          `::ffff:${dotted}`,
          `::ffff:${high}:${low}`,
          `64:ff9b::${dotted}`,
          `2002:${high}:${low}::1`,
        ]
        for (const form of forms) expect(classify(form), form).toBe(classify(dotted))
      }),
    )
  })

  it('never throws and knows no fourth class', () => {
    const anything = fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.ipV4Extended())
    fc.assert(
      fc.property(anything, (text) => {
        expect(['public', 'private', 'never']).toContain(classify(text))
      }),
    )
  })
})

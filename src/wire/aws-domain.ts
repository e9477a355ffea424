/** Domain of a region's services: other partitions are other internets. */
export function awsDomain(region: string): string {
  const [, domain = 'amazonaws.com'] = PARTITIONS.find(([prefix]) => region.startsWith(prefix)) ?? []
  return domain
}

const PARTITIONS: readonly (readonly [string, string])[] = [
  ['cn-', 'amazonaws.com.cn'],
  ['us-iso-', 'c2s.ic.gov'],
  ['us-isob-', 'sc2s.sgov.gov'],
  ['us-isof-', 'csp.hci.ic.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk'],
  ['eusc-', 'amazonaws.eu'],
]

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certificate {
  cert: string
  key: string
}

/** An authority made for one test run, and a certificate that it gave to each of the names. */
export function makeCertificates<Name extends string>(
  names: readonly Name[],
): { authority: string } & Record<Name, Certificate> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-certificates-'))
  const at = (file: string) => join(folder, file)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  try {
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-days',
      '2',
      '-subj',
      '/CN=Test authority',
    )
    const issued = names.map((name) => {
      writeFileSync(at('ext'), `subjectAltName=${/^[\d.]+$/.test(name) ? 'IP' : 'DNS'}:${name}`)
      openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
      openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'ext', '-out', `${name}.pem`) // prettier-ignore
      return [
        name,
        { cert: readFileSync(at(`${name}.pem`), 'utf8'), key: readFileSync(at(`${name}.key`), 'utf8') },
      ]
    })
    return { authority: readFileSync(at('ca.pem'), 'utf8'), ...Object.fromEntries(issued) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

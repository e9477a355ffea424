import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { AuthorizedKey, CloudSettings } from '../../../src/providers/authorization.ts'
import { CachedCredentials } from '../../../src/providers/credentials/cached-credentials.ts'
import { newEgress, opened } from '../upstream.ts'

/**
 * Variables that keep the search inside the test: nothing listens there. The machine on which a test runs may be in
 * a cloud itself.
 */
export const NO_CLOUD: Readonly<Record<string, string>> = {
  AWS_EC2_METADATA_DISABLED: 'true',
  GCE_METADATA_HOST: '127.0.0.1:9',
  AZURE_POD_IDENTITY_AUTHORITY_HOST: 'http://127.0.0.1:9',
}

/** A time that stands still until it is told. */
export class Clock {
  ms = Date.UTC(2026, 0, 2, 3, 4, 5)
  readonly now = () => this.ms

  pass(minutes: number): void {
    this.ms += minutes * 60_000
  }
}

/** A home with these files, gone after the test. */
export function homeWith(files: Readonly<Record<string, string>> = {}): string {
  const home = mkdtempSync(join(tmpdir(), 'signalbox-home-'))
  opened({ close: async () => rmSync(home, { recursive: true, force: true }) })
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, name)), { recursive: true })
    writeFileSync(join(home, name), text)
  }
  return home
}

export interface TestCredentials {
  credentials: CachedCredentials
  clock: Clock
  /** What the log would get. */
  reports: unknown[]
}

/** Credentials of a machine with these variables and this home, and with no cloud around it. */
export function newCredentials({
  environment = {},
  home = homeWith(),
  clock = new Clock(),
  timeoutMs = 5_000,
}: {
  environment?: Readonly<Record<string, string>>
  home?: string
  clock?: Clock
  timeoutMs?: number
} = {}): TestCredentials {
  const reports: unknown[] = []
  const credentials = new CachedCredentials({
    egress: newEgress(),
    environment: { ...NO_CLOUD, ...environment },
    homeDirectory: home,
    now: clock.now,
    timeoutMs,
    report: (message, error) => void reports.push(message, error),
  })
  return { credentials, clock, reports }
}

export function keyOf(cloud: CloudSettings, value = ''): AuthorizedKey {
  return { id: `${cloud.kind}/key`, value, cloud }
}

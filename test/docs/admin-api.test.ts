import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { isPassword } from '../../src/admin/password.ts'
import { startAdminGateway } from '../support/admin-gateway.ts'
import { readPage } from './pages.ts'

/** What each `sh` block of the page prints, run one after the other in one shell, as a reader would type them. */
async function run(url: string, directory: string): Promise<{ code: number | null; printed: string[] }> {
  const blocks = readPage('docs/admin-api.md').blocks.filter(({ language }) => language === 'sh')
  const script = [
    'set -e',
    // An answer that refuses fails the line; what curl tells of its progress is nobody's.
    'curl() { command curl -sS --fail-with-body "$@"; }',
    ...blocks.map(
      ({ text }, at) => `${text.replaceAll('http://localhost:8080', url)}\necho\necho "=== ${at}"`,
    ),
  ].join('\n')
  const shell = spawn('bash', ['-c', script], {
    cwd: directory,
    env: { PATH: process.env['PATH'], HOME: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  for (const stream of [shell.stdout, shell.stderr])
    stream.setEncoding('utf8').on('data', (text) => (printed += text))
  const [code] = (await once(shell, 'close')) as [number | null]
  return { code, printed: printed.split(/^=== \d+\n/m) }
}

describe('docs/admin-api.md', { timeout: 60_000 }, () => {
  it('every line runs, and does what is said', async () => {
    const gateway = await startAdminGateway({
      file: {
        providers: { openai: { keys: [{ name: 'main', value: 'sk-1' }] } },
        client: { vk_rotation_cooldown: '5m' },
      },
    })
    onTestFinished(() => gateway.close())
    const { code, printed } = await run(gateway.url, gateway.appDir)
    expect({ code, last: code === 0 ? '' : printed.at(-1) }).toEqual({ code: 0, last: '' })
    const [
      setup,
      login,
      basic,
      made,
      changed,
      rotated,
      spent,
      overridden,
      routed,
      explained,
      provider,
      listed,
      undone,
      password,
      hash,
    ] = printed
    expect(setup).toContain('Administrator created')
    expect(login).toContain('"teams":[]')
    expect(basic).toContain('{"is_auth_enabled":true,"has_valid_token":true}')
    expect(made).toMatch(/"value":"sk-bf-[0-9a-f-]{36}"/)
    expect(changed).toMatch(/"is_active":false[^]*"is_active":true/)
    expect(rotated!.match(/"value":"sk-bf-[0-9a-f-]{36}"/g)?.length).toBe(2)
    expect(spent).toMatch(/"forecast":\{"per_hour":0,"projected_usage":0,"exhausted_at":null\}/)
    expect(overridden).toMatch(/"max_limit":30[^]*"max_limit":20/)
    expect(routed).toContain('Rules ordered successfully')
    expect(explained).toMatch(/"decided_by":\{"id":"split"[^]*"outcome":\{"type":"sent","target":0\}/)
    expect(provider).toMatch(/"value":"sk-o\*{24}enai"[^]*Key deleted successfully/)
    expect(listed).toContain('"total_count":1')
    expect(undone).toContain('Logout successful')
    expect(password).toContain('Password changed')
    expect(await isPassword('Correct-horse-7', hash!.trim())).toBe(true)
  })
})

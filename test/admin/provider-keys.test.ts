/** Keys of providers over the admin API of a real gateway process: taken, used, never shown. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { masked, maskOf, unmasked } from '../../src/admin/provider-key-secrets.ts'
import { startAdminGateway } from '../support/admin-gateway.ts'
import type { AdminGateway } from '../support/admin-gateway.ts'

const SLOW = { timeout: 60_000 }
const SECRET = 'sk-proj-canary-1234567890'

describe('what is shown of a secret', () => {
  it.each([
    ['', ''],
    ['short', '*****'],
    ['12345678', '********'],
    ['123456789', `1234${'*'.repeat(24)}6789`],
    ['env.OPENAI_API_KEY', 'env.OPENAI_API_KEY'],
  ])('%j: %j', (secret, shown) => {
    expect(maskOf(secret)).toBe(shown)
  })

  const KEY = {
    name: 'k',
    value: { value: SECRET, env_var: '', from_env: false },
    azure_key_config: { endpoint: 'https://x.openai.azure.com', client_secret: 'azure-canary-12345' },
    vertex_key_config: { region: 'global', auth_credentials: '{"private_key":"canary"}' },
    bedrock_key_config: {
      access_key: 'AKIACANARY12345',
      secret_key: 'env.AWS_SECRET',
      session_token: 'canary',
    },
    databricks_key_config: { anything: 'canary' },
  }

  it('J6 is what comes back for it, wherever it stands', () => {
    const shown = masked(KEY)
    expect(JSON.stringify(shown)).not.toMatch(/canary|CANARY1/)
    expect(shown).toMatchObject({
      azure_key_config: { endpoint: 'https://x.openai.azure.com' },
      bedrock_key_config: { secret_key: 'env.AWS_SECRET' },
    })
    expect(unmasked(shown, KEY)).toEqual(KEY)
    expect(unmasked({ ...shown, value: 'sk-another' }, KEY)).toEqual({ ...KEY, value: 'sk-another' })
  })

  it.each([
    [{ value: `sk-x${'*'.repeat(24)}abcd` }, 'value'],
    [{ value: '*****' }, 'value'],
    [{ bedrock_key_config: { access_key: '****' } }, 'bedrock_key_config.access_key'],
  ])('J6 %j of something else is refused', (given, field) => {
    expect(() => unmasked(given, KEY)).toThrow(expect.objectContaining({ details: { field } }) as Error)
  })
})

describe('provider keys', SLOW, () => {
  let gateway: AdminGateway
  const K = '/api/providers/openai/keys'
  beforeAll(async () => {
    const keys = [{ name: 'of-the-file', value: 'sk-of-the-file-canary' }]
    gateway = await startAdminGateway({ file: { providers: { openai: { keys } } } })
  }, SLOW.timeout)
  afterAll(() => gateway.close())

  it('I14 are made, listed, changed and deleted without being shown', async () => {
    const made = await gateway.ask(`POST ${K}`, { body: { name: 'second', value: SECRET, weight: 2 } })
    expect(made).toMatchObject({
      status: 200,
      body: {
        message: 'Key created successfully',
        key: {
          name: 'second',
          provider: 'openai',
          weight: 2,
          value: maskOf(SECRET),
          origin: { source: 'api' },
        },
      },
    })
    const { id } = made.body.key
    const listed = await gateway.ask(`GET ${K}`)
    expect(listed.body.keys.map(({ name }: { name: string }) => name)).toEqual(['of-the-file', 'second'])
    const changed = await gateway.ask(`PUT ${K}/${id}`, {
      body: { ...made.body.key, weight: null, models: ['gpt-5'] },
    })
    expect(changed.body.key).toMatchObject({ models: ['gpt-5'], value: maskOf(SECRET) })
    expect(changed.body.key).not.toHaveProperty('weight')
    const ofFile = encodeURIComponent('openai/of-the-file')
    const other = await gateway.ask(`PUT ${K}/${ofFile}`, { body: { enabled: false } })
    expect(other.body.key).toMatchObject({ enabled: false, origin: { source: 'api', file_differs: true } })
    for (const answer of [made, listed, changed, other, await gateway.ask(`GET ${K}/${id}`)])
      expect(JSON.stringify(answer.body)).not.toContain('canary')
    expect((await gateway.ask(`DELETE ${K}/${id}`)).status).toBe(200)
    expect((await gateway.ask(`GET ${K}/${id}`)).status).toBe(404)
  })

  it.each([
    [`POST ${K}`, { name: 'of-the-file', value: 'x' }, 400, 'name'],
    [`POST ${K}`, { name: 'x', value: 'x', weight: -1 }, 400, 'weight'],
    [`POST ${K}`, { name: 'x', value: '****' }, 400, 'value'],
    [`POST ${K}`, { id: 'openai/of-the-file', name: 'x', value: 'x' }, 409, undefined],
    ['POST /api/providers/opneai/keys', { name: 'x', value: 'x' }, 400, 'provider'],
    [`PUT ${K}/nobody`, {}, 404, undefined],
    ['PUT /api/providers/anthropic/keys/openai%2Fof-the-file', {}, 404, undefined],
    ['DELETE /api/providers/anthropic/keys/openai%2Fof-the-file', undefined, 404, undefined],
  ])('%s %j is a %i', async (line, body, status, param) => {
    const answer = await gateway.ask(line, { body })
    expect({ status: answer.status, param: answer.body.error?.param }).toEqual({ status, param })
  })
})

import { generateKeyPairSync } from 'node:crypto'

import { AWS_KEYS } from './provider/server.ts'

/** Secrets of the providers. No client may see one, nor a provider another's. */
export const PROVIDER_KEYS = {
  anthropic: 'sk-ant-every',
  openai: 'sk-openai-every',
  deepseek: 'sk-deepseek-every',
  responses: 'sk-responses-every',
  gemini: 'AIza-every',
  azure: 'azure-every',
  cohere: 'cohere-every',
}

const ACCOUNT = 'gateway@project.iam.gserviceaccount.com'
const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})

/** Public keys by account, for the token service that Vertex's credentials lead to. */
export const GOOGLE_ACCOUNTS = { [ACCOUNT]: publicKey }

/** A `config.json` with every kind of provider, each of them the scripted provider at `url`. */
export function everyProviderConfig(url: string): { providers: Record<string, unknown> } {
  const at = (key: object, path = '') => ({
    keys: [{ name: 'k', models: ['*'], weight: 1, value: '', ...key }],
    network_config: { base_url: url + path, max_retries: 0 },
  })
  // An address that is not OpenAI's own is asked in Chat, unless it is said to have nothing else than Responses.
  const custom_provider_config = {
    base_provider_type: 'openai',
    allowed_requests: { responses: true, responses_stream: true },
  }
  const { anthropic, openai, deepseek, responses, gemini, azure, cohere } = PROVIDER_KEYS
  const account = {
    type: 'service_account',
    client_email: ACCOUNT,
    private_key: privateKey,
    project_id: 'project',
  }
  const { accessKeyId: access_key, secretAccessKey: secret_key } = AWS_KEYS
  return {
    providers: {
      anthropic: at({ value: anthropic }),
      openai: at({ value: openai }),
      deepseek: at({ value: deepseek }),
      responses: { ...at({ value: responses }), custom_provider_config },
      gemini: at({ value: gemini }, '/v1beta'),
      azure: at({ value: azure, azure_key_config: { endpoint: url } }),
      cohere: at({ value: cohere }),
      vertex: at({ vertex_key_config: { region: 'us-east5', auth_credentials: JSON.stringify(account) } }),
      bedrock: at({ bedrock_key_config: { region: 'us-east-1', access_key, secret_key } }),
    },
  }
}

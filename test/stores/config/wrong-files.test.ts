import { expect, it } from 'vitest'
import { checkText } from '../../../src/stores/config/check.ts'
import { ConfigurationError } from '../../../src/stores/config/problem.ts'
import { registry } from './registry.ts'

function refusal(text: string): string[] {
  try {
    checkText(text, 'config.json', registry)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message.split('\n')
    throw error
  }
  return []
}

const openai = (settings: string) => `{"providers": {"openai": ${settings}}}`
const key = (settings: string) => openai(`{"keys": [${settings}]}`)
const network = (settings: string) => openai(`{"network_config": ${settings}}`)
const virtualKeys = (keys: string) => `{"governance": {"virtual_keys": [${keys}]}}`

const SYNTAX: [title: string, text: string, message: string][] = [
  ['nothing', '', ':1:1: found an empty file, expected a JSON object'],
  ['spaces only', ' \n ', ':1:1: found an empty file, expected a JSON object'],
  ['a truncated file', '{"client": {', ':1:13: found the end of the file, expected a closing }'],
  ['a truncated list', '{"plugins": [', ':1:14: found the end of the file, expected a closing ]'],
  ['a missing comma', '{\n  "client": {}\n  "mcp": {}\n}', ':3:3: found `"`, expected a comma'],
  ['a missing colon', '{"client" {}}', ':1:11: found `{`, expected a colon'],
  ['a missing value', '{"client": }', ':1:12: found `}`, expected a value'],
  ['a name without quotes', '{client: {}}', ':1:2: found `c`, expected a JSON value or a name in double quotes'],
  ['single quotes', "{'client': {}}", ":1:2: found `'`, expected a JSON value or a name in double quotes"],
  ['an open string', '{"$schema": "https:\n}', ':1:13: found `"`, expected a closing "'],
  ['a wrong escape', '{"$schema": "\\q"}', ':1:13: found `"`, expected one of \\" \\\\ \\/ \\b \\f \\n \\r \\t \\u'],
  ['an open comment', '{} /* and', ':1:4: found `/`, expected the end of the comment'],
  ['something after the end', '{} {}', ':1:4: found `{`, expected the end of the file'],
  ['a name twice', '{"mcp": {},\n "mcp": {}}', ':2:2 mcp: found "mcp" again, expected each name once'],
  ['E4 a name that pollutes', '{"__proto__": {"polluted": 1}}', ':1:2 __proto__: found "__proto__", expected another name'],
  ['too many levels', '['.repeat(200), ':1:101: found more than 100 levels, expected less nesting'],
  ['too many levels to parse', '{"a":'.repeat(100_000), ':1:501: found more than 100 levels, expected less nesting'],
] // prettier-ignore

const TYPES: [title: string, text: string, message: string][] = [
  ['a list as the file', '[]', ':1:1: found a list, expected an object'],
  ['null as the file', 'null', ':1:1: found null, expected an object'],
  ['text as a block', '{"client": "on"}', ':1:12 client: found a string, expected an object'],
  ['a list as providers', '{"providers": []}', ':1:15 providers: found a list, expected an object'],
  ['a word as a flag', '{"client": {"enable_logging": "yes"}}', ':1:31 client.enable_logging: found "yes", expected true or false'],
  ['text as a number', '{"client": {"log_retention_days": "30"}}', ':1:35 client.log_retention_days: found "30", expected a whole number from 1 to 36500'],
  ['a number out of range', '{"client": {"log_retention_days": 0}}', ':1:35 client.log_retention_days: found 0, expected a whole number from 1 to 36500'],
  ['a fraction', '{"client": {"max_request_body_size_mb": 1.5}}', ':1:41 client.max_request_body_size_mb: found 1.5, expected a whole number from 1 to 4096'],
  ['a number beyond all numbers', '{"client": {"initial_pool_size": 1e999}}', ':1:34 client.initial_pool_size: found Infinity, expected a whole number of at least 1'],
  ['a URL as a host', '{"client": {"allowed_hosts": ["http://a.example"]}}', ':1:31 client.allowed_hosts[0]: found "http://a.example", expected a host name without scheme, port or path, such as "gateway.example.com"'],
  ['a path as an origin', '{"client": {"allowed_origins": ["https://a.example/x"]}}', ':1:33 client.allowed_origins[0]: found "https://a.example/x", expected "*" or an origin such as "https://app.example.com"'],
  ['one key instead of a list', openai('{"keys": {}}'), ':1:35 providers.openai.keys: found an object, expected a list'],
  ['null as a key', key('null'), ':1:36 providers.openai.keys[0]: found null, expected an object'],
  ['a number as a secret', key('{"value": 12345}'), ':1:46 providers.openai.keys[0].value: found 12345, expected a string, "env.NAME", or {"value", "env_var", "from_env"}'],
  ['text as models', key('{"models": "gpt-4o"}'), ':1:47 providers.openai.keys[0].models: found a string, expected a list'],
  ['a model without name', key('{"models": [""]}'), ':1:48 providers.openai.keys[0].models[0]: found an empty string, expected a name'],
  ['a negative weight', key('{"weight": -1}'), ':1:47 providers.openai.keys[0].weight: found -1, expected a number of at least 0'],
  ['an alias that names no model', key('{"aliases": {"a": {}}}'), ':1:54 providers.openai.keys[0].aliases.a: found an object, expected the id of a model at the provider, or an object with "model_id"'],
  ['an address of another scheme', network('{"base_url": "ftp://a.example"}'), ':1:58 providers.openai.network_config.base_url: found "ftp://a.example", expected an http:// or https:// address without query, such as "https://api.example.com", or "env.NAME"'],
  ['an address with credentials', network('{"base_url": "ftp://user:password@a.example"}'), ':1:58 providers.openai.network_config.base_url: found "ftp://…@a.example", expected an http:// or https:// address without query, such as "https://api.example.com", or "env.NAME"'],
  ['an idle time below the least', network('{"stream_idle_timeout_in_seconds": 1}'), ':1:80 providers.openai.network_config.stream_idle_timeout_in_seconds: found 1, expected a whole number from 5 to 3600'],
  ['a duration of no known form', '{"mcp": {"tool_sync_interval": "soon"}}', ':1:32 mcp.tool_sync_interval: found "soon", expected a number of at least 0 or a duration such as "30s", "5m" or "1h30m"'],
  ['a word with a slip', '{"logs_store": {"type": "sqlit"}}', ':1:25 logs_store.type: found "sqlit", expected one of "sqlite", "postgres", "clickhouse" (did you mean "sqlite"?)'],
  ['a word far from all', '{"config_store": {"type": "mysql"}}', ':1:27 config_store.type: found "mysql", expected one of "sqlite", "postgres"'],
  ['a base type with a slip', '{"providers": {"mine": {"custom_provider_config": {"base_provider_type": "OpenAi"}}}}', ':1:74 providers.mine.custom_provider_config.base_provider_type: found "OpenAi", expected one of "openai", "anthropic", "bedrock", "cohere", "gemini", "huggingface", "replicate", "typesafe" (did you mean "openai"?)'],
  ['a missing base type', '{"providers": {"mine": {"custom_provider_config": {}}}}', ':1:51 providers.mine.custom_provider_config.base_provider_type: found nothing, expected one of "openai", "anthropic", "bedrock", "cohere", "gemini", "huggingface", "replicate", "typesafe"'],
  ['a virtual key without id', virtualKeys('{"name": "dev"}'), ':1:34 governance.virtual_keys[0].id: found nothing, expected a name'],
  ['an unknown scope', '{"governance": {"routing_rules": [{"model": "a", "scope": "globl"}]}}', ':1:59 governance.routing_rules[0].scope: found "globl", expected one of "global", "team", "customer", "virtual_key" (did you mean "global"?)'],
] // prettier-ignore

const CONSISTENCY: [title: string, text: string, message: string][] = [
  ['an unknown provider', '{"providers": {"nobody": {}}}', ':1:16 providers.nobody: found "nobody", expected a known provider, or custom_provider_config in it for a provider of your own'],
  ['a provider with a slip', '{"providers": {"Antropic": {}}}', ':1:16 providers.Antropic: found "Antropic", expected a known provider (did you mean "anthropic"?), or custom_provider_config in it for a provider of your own'],
  ['a provider twice', '{"providers": {"openai": {}, "OpenAI": {}}}', ':1:30 providers.OpenAI: found "OpenAI" again, expected each provider once; capitals do not count'],
  ['a provider with a slash', '{"providers": {"a/b": {}}}', ':1:16 providers["a/b"]: found "a/b", expected a name of letters, digits, ".", "_" and "-"'],
  ['a local server without address', '{"providers": {"ollama": {}}}', ':1:26 providers.ollama.network_config.base_url: found nothing, expected the address of your ollama server, such as "http://127.0.0.1:8000"'],
  ['two keys of one name', key('{"name": "a"}, {"name": "a"}'), ':1:60 providers.openai.keys[1].name: found "a" again, expected each name once within the provider'],
  ['two keys of one id', '{"providers": {"openai": {"keys": [{"id": "a"}]}, "groq": {"keys": [{"id": "a"}]}}}', ':1:76 providers.groq.keys[0].id: found "a" again, expected each id of a provider key once'],
  ['a star beside names', key('{"models": ["*", "gpt-4o"]}'), ':1:47 providers.openai.keys[0].models: found "*" beside other names, expected "*" alone, or names without it'],
  ['L3 aliases in a circle', key('{"aliases": {"a": "b", "b": "a"}}'), ':1:54 providers.openai.keys[0].aliases.a: found "a" → "b" → "a", expected the provider\'s own name of the model'],
  ['L3 rich aliases in a circle', key('{"aliases": {"x": "a", "a": {"model_id": "b"}, "b": "a"}}'), ':1:64 providers.openai.keys[0].aliases.a: found "a" → "b" → "a", expected the provider\'s own name of the model'],
  ['no check and an authority', network('{"insecure_skip_verify": true, "ca_cert_pem": "env.CA"}'), ':1:70 providers.openai.network_config.insecure_skip_verify: found true, expected false, because ca_cert_pem says what to check'],
  ['a certificate that is none', network('{"ca_cert_pem": "/etc/ca.pem"}'), ':1:61 providers.openai.network_config.ca_cert_pem: found other text, expected PEM text that begins with -----BEGIN CERTIFICATE-----'],
  ['a header that is no name', network('{"extra_headers": {"x y": "1"}}'), ':1:64 providers.openai.network_config.extra_headers["x y"]: found "x y", expected the name of a header'],
  ['a header that frames', network('{"extra_headers": {"Content-Length": "1"}}'), ':1:64 providers.openai.network_config.extra_headers.Content-Length: found "Content-Length", expected a header other than those that frame the request'],
  ['a header with a line end', network('{"extra_headers": {"x": "1\\r\\nhost: b"}}'), ':1:69 providers.openai.network_config.extra_headers.x: found control or non-Latin characters, expected text that a header can hold'],
  ['a queue of a key too short', openai('{"keys": [{"name": "a", "value": "x", "concurrency_and_buffer_size": {"concurrency": 9, "buffer_size": 5}}]}'), ':1:129 providers.openai.keys[0].concurrency_and_buffer_size.buffer_size: found 5, expected at least concurrency, which is 9'],
  ['a queue too short', openai('{"concurrency_and_buffer_size": {"concurrency": 9, "buffer_size": 5}}'), ':1:92 providers.openai.concurrency_and_buffer_size.buffer_size: found 5, expected at least concurrency, which is 9'],
  ['a proxy without address', openai('{"proxy_config": {"type": "http"}}'), ':1:43 providers.openai.proxy_config.url: found nothing, expected the address of the proxy, such as "http://proxy.example.com:3128"'],
  ['two virtual keys of one value', virtualKeys('{"id": "a", "name": "a", "value": "sk-bf-1"}, {"id": "b", "name": "b", "value": "sk-bf-1"}'), ':1:114 governance.virtual_keys[1].value: found the value of another key, expected a value of its own'],
  ['two virtual keys of one name', virtualKeys('{"id": "a", "name": "a"}, {"id": "b", "name": "a"}'), ':1:80 governance.virtual_keys[1].name: found "a" again, expected each name once'],
] // prettier-ignore

it.each([...SYNTAX, ...TYPES, ...CONSISTENCY])(
  'H6 refuses %s, and says where, what and what would be right',
  (_title, text, message) => {
    expect(refusal(text)).toEqual([`config.json${message}`])
  },
)

it('H6 names everything that is wrong at once, in the order of the file', () => {
  const text = `{
  // comments are no fault
  "logs_store": { "type": "mongo" },
  "providers": {
    "openai": { "keys": [{ "name": "a", "weight": "1" }, { "name": "a" }], "network_config": { "max_retries": -1 } },
    "opena1": {},
  },
  "client": { "enable_logging": 1, "log_retention_days": "long" },
}`
  expect(refusal(text).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
    'config.json:3:27 logs_store.type:',
    'config.json:5:51 providers.openai.keys[0].weight:',
    'config.json:5:68 providers.openai.keys[1].name:',
    'config.json:5:111 providers.openai.network_config.max_retries:',
    'config.json:6:5 providers.opena1:',
    'config.json:8:33 client.enable_logging:',
    'config.json:8:58 client.log_retention_days:',
  ])
})

it('shows the first fifty problems of a file of another program', () => {
  const text = JSON.stringify({ plugins: Array(5000).fill(7) })
  const lines = refusal(text)
  expect(lines).toHaveLength(51)
  expect(lines.at(-1)).toBe('… and 950 more')
})

const SECRET = 'sk-ant-api03-abcdefghijklmnop'
const MISPLACED: [title: string, text: string][] = [
  ['as the list of keys', openai(`{"keys": "${SECRET}"}`)],
  ['as a key', key(`"${SECRET}"`)],
  ['as a weight', key(`{"weight": "${SECRET}"}`)],
  ['as a flag', key(`{"enabled": "${SECRET}"}`)],
  ['in a list as value', key(`{"value": ["${SECRET}"]}`)],
  ['as a kind of store', `{"logs_store": {"type": "${SECRET}"}}`],
  ['as a block', `{"client": "${SECRET}"}`],
  ['as a duration', `{"mcp": {"tool_sync_interval": "${SECRET}"}}`],
  ['as password of an address', network(`{"base_url": "ftp://user:${SECRET}@a.example"}`)],
  ['in the query of an address', network(`{"base_url": "https://a.example/v1?key=${SECRET}"}`)],
  ['as an address', network(`{"base_url": "${SECRET}"}`)],
  ['as a host', `{"client": {"allowed_hosts": ["/${SECRET}"]}}`],
  ['as an alias', key(`{"aliases": {"a": ["${SECRET}"]}}`)],
  ['as certificate', network(`{"ca_cert_pem": "${SECRET}"}`)],
  ['with a line end in a header', network(`{"extra_headers": {"x": "${SECRET}\\n"}}`)],
  [
    'twice as a virtual key',
    virtualKeys(`{"id":"a","name":"a","value":"${SECRET}"},{"id":"b","name":"b","value":"${SECRET}"}`),
  ],
  ['without a closing quote', `{"encryption_key": "${SECRET}`],
  ['with a wrong escape', `{"encryption_key": "${SECRET}\\q"}`],
  ['without quotes', `{"encryption_key": ${SECRET}}`],
]

it.each(MISPLACED)('never repeats a secret: %s', (_title, text) => {
  const lines = refusal(text)
  expect(lines.length).toBeGreaterThan(0)
  expect(lines.join('\n')).not.toContain('abcdefgh')
})

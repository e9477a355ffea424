/** What `signalbox help` prints. */
export function help(): string {
  return `Signalbox: a gateway between coding agents and every model provider.

Usage:
  signalbox [flags]            start the gateway (the same as "signalbox serve")
  signalbox logs [flags]       show the calls that were made; "signalbox logs -help" says more
  signalbox catalogue          what is known of models and their prices; "signalbox catalogue -help" says more
  signalbox check [file]       what is wrong with a configuration, and what it says in vain; "signalbox check -help" says more
  signalbox explain [flags]    where a call would go and why, and what it may cost; "signalbox explain -help" says more
  signalbox version
  signalbox help

Flags of the gateway, as -name value, --name value or --name=value:
  -port       port to listen on, 0 for any free one   (default 8080)
  -host       address to listen on                    (default localhost)
  -app-dir    where the configuration and the log are (default ~/.config/signalbox)
  -log-level  debug, info, warn or error              (default info)
  -log-style  json or pretty                          (default json)

Provider keys are found in ANTHROPIC_API_KEY, OPENAI_API_KEY, GEMINI_API_KEY, OPENROUTER_API_KEY, GROQ_API_KEY,
MISTRAL_API_KEY and others, or written in config.json or config.yaml: see docs/configuration.md and docs/settings.md.`
}

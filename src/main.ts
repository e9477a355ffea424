import { basename } from 'node:path'
import { FlagError } from './cli/flags.ts'
import { help } from './cli/help.ts'
import { runCatalogue, runCheck, runExplain, showLogs } from './commands.ts'
import { serve } from './serve.ts'
import { version } from './start.ts'
import { ConfigurationError } from './stores/config/problem.ts'

const [command, ...rest] = process.argv.slice(2)

if (command === 'logs') await orSay(() => showLogs(rest), 'The flags: signalbox logs -help')
else if (command === 'catalogue') await orSay(() => runCatalogue(rest), 'More: signalbox catalogue -help')
else if (command === 'check') await orSay(() => runCheck(rest), 'More: signalbox check -help')
else if (command === 'explain') await orSay(() => runExplain(rest), 'More: signalbox explain -help')
else if (command === 'help' || command === '-h' || command === '--help') console.log(help())
else if (command === 'version' || command === '--version') console.log(version())
else await orSay(() => serve(command === 'serve' ? rest : process.argv.slice(2)), help())

/** What the operator can mend is said in its own words, without a stack. */
async function orSay(work: () => Promise<void>, usage: string): Promise<void> {
  try {
    await work()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (error instanceof FlagError) console.error(`signalbox: ${message}\n\n${usage}`)
    else if (error instanceof ConfigurationError)
      console.error(`signalbox: ${basename(error.file)} is not used:\n${message}`)
    else if (code === 'EADDRINUSE')
      console.error(`signalbox: ${message}. Stop what listens there, or choose another -port.`)
    else console.error(`signalbox: ${message}`)
    process.exit(1)
  }
}

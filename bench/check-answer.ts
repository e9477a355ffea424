import { Connection } from './load.ts'
import type { LoadTarget } from './load.ts'
import type { Workload } from './workloads.ts'

/**
 * Asks once and compares: what is measured must be the answer, whole and right. A native one is the upstream's
 * to the byte; a translated one ends as the client's protocol ends and carries all the text.
 */
export async function checkAnswer(target: LoadTarget, workload: Workload): Promise<void> {
  const connection = await Connection.open(target)
  connection.keeps = true
  await connection.send()
  connection.close()
  const answer = connection.take().toString()
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4)
  const text = workload.stream ? unchunk(body) : body
  if (!workload.translated) {
    if (text !== workload.parts.join(''))
      throw new Error(`${workload.name}: the answer was changed:\n${text}`)
    return
  }
  const said = texts(text).join('')
  const expected = texts(workload.parts.join('')).join('')
  if (said !== expected || !text.includes('event: message_stop')) {
    throw new Error(`${workload.name}: the answer lost something:\n${text}`)
  }
}

function unchunk(body: string): string {
  let text = ''
  for (let at = 0; at < body.length;) {
    const lineEnd = body.indexOf('\r\n', at)
    const size = parseInt(body.slice(at, lineEnd), 16)
    text += body.slice(lineEnd + 2, lineEnd + 2 + size)
    at = lineEnd + 2 + size + 2
  }
  return text
}

/** The deltas of a stream in either protocol. */
function texts(stream: string): string[] {
  return [...stream.matchAll(/"(?:text|content)":("(?:[^"\\]|\\.)+")/g)].map((match) => JSON.parse(match[1]!))
}

import type { GatewayError } from '../message/error.ts'
import { isSemantic } from '../message/event.ts'
import type { Event, FinishReason } from '../message/event.ts'
import type { Usage } from '../message/usage.ts'

/** Reads the facts that metering and the log need from the events of an answer, streamed or whole. */
export class EventMeter {
  usage: Partial<Usage> = {}
  finish: FinishReason | undefined
  responseId: string | undefined
  model: string | undefined
  semantic = false
  complete = false
  error: GatewayError | undefined

  read(event: Event): void {
    if (!this.semantic && isSemantic(event)) this.semantic = true
    switch (event.type) {
      case 'start':
        this.responseId = event.id
        this.model = event.model
        if (event.usage !== undefined) Object.assign(this.usage, event.usage)
        break
      case 'usage':
        Object.assign(this.usage, event.usage)
        break
      case 'finish':
        this.finish = event.reason
        this.complete = true
        break
      case 'error':
        this.error = event.error
        break
    }
  }
}

import { createHash } from 'node:crypto'

const MARK = 'scripted:'

/** Signs a thinking text. Like a real signature, it fits that text only and means nothing to anyone else. */
export const sign = (thinking: string): string => Buffer.from(MARK + digest(thinking)).toString('base64')

/** Whether a replayed block is exactly what this provider sent: one changed character breaks it. */
export const isSigned = (thinking: unknown, signature: unknown): boolean =>
  typeof thinking === 'string' && signature === sign(thinking)

const digest = (text: string) => createHash('sha256').update(text).digest('hex')

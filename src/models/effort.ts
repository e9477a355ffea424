/** How hard a model may be asked to think, weakest first. `default` is Groq's word for "on, without degrees". */
export const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max', 'default'] as const
export type Effort = (typeof EFFORTS)[number]

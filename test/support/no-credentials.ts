import type { CloudCredentials } from '../../src/providers/authorization.ts'

/** For providers that are no cloud: whoever asks it is wrong. */
export const NO_CREDENTIALS: CloudCredentials = {
  google: () => Promise.reject(new Error('no cloud')),
  azure: () => Promise.reject(new Error('no cloud')),
  aws: () => Promise.reject(new Error('no cloud')),
  distrust: () => undefined,
}

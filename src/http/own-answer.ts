import type { GatewayError } from '../message/error.ts'

/** On everything that the gateway itself says. */
export const SECURITY_HEADERS = {
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'strict-origin-when-cross-origin',
  'content-security-policy': "default-src 'self'; frame-ancestors 'none'",
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
}

/** The error shape of routes that belong to no protocol. */
export function ownError(error: GatewayError): unknown {
  const { field } = error.details
  return {
    is_bifrost_error: true,
    status_code: error.status,
    error: { type: error.kind, message: error.message, ...(field !== undefined && { param: field }) },
  }
}

import type { AwsAccounts } from '../cloud/aws-accounts.ts'
import { SignatureRefusal } from '../cloud/aws-signature.ts'
import type { Refusal } from './protocol.ts'
import type { RecordedRequest } from './record.ts'

const INVALID_TOKEN = 'The security token included in the request is invalid.'

/** What Bedrock answers for the reasons that its accounts give: an exception and its words. */
const ANSWERS: Record<string, [type: string, message: string]> = {
  IncompleteSignature: [
    'IncompleteSignatureException',
    "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter.",
  ],
  UnrecognizedClientException: ['UnrecognizedClientException', INVALID_TOKEN],
  InvalidClientTokenId: ['UnrecognizedClientException', INVALID_TOKEN],
  ExpiredToken: ['ExpiredTokenException', 'The security token included in the request is expired'],
  RequestExpired: ['InvalidSignatureException', 'Signature expired.'],
  SignatureDoesNotMatch: [
    'InvalidSignatureException',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  ],
}

/** Checks who signed a request to Bedrock: a body, path or header that was changed afterwards does not fit any more. */
export function checkSignature(request: RecordedRequest, accounts: AwsAccounts): Refusal | undefined {
  const { method, url: path, headers, bodyBytes: body } = request
  try {
    accounts.check({ method, path, headers, body }, { service: 'bedrock' })
    return undefined
  } catch (error) {
    if (!(error instanceof SignatureRefusal)) throw error
    const [type = error.code, message = error.message] = ANSWERS[error.code] ?? []
    return { status: 403, type, message }
  }
}

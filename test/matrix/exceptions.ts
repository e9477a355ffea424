/**
 * What of the two lists (the translation checklist, `#1`…, and the reports from users of other gateways, `A1`…)
 * is not tested in this folder, and why. Here, as in test/protocols, the letters are those of the reports; elsewhere
 * in the tests they are those of the reliability catalogue.
 */
export const EXCEPTIONS: Readonly<Record<string, string>> = {
  '#59':
    'Pings pass the hub as events; when they are made is decided where streams are relayed (test/e2e/contract/streaming.test.ts).',
  '#63':
    'A client that leaves is noticed at the edge and cancels the upstream there (test/reliability/cancel.test.ts).',
  '#64':
    'No upstream that only streams is served yet; collecting a stream is tested with the hub (test/message).',
  '#67':
    'Only Claude’s answers have these fields (test/e2e/contract/verbatim.test.ts): no Chat Completions upstream sends any.',
  '#45':
    'Only the body of a client that speaks Claude’s wire itself gets to Vertex in its own order (test/pipeline/dialect.test.ts).',
  '#46':
    'Requests are signed where they are sent (test/wire/sigv4.test.ts); frames are the wire’s (test/wire/aws-eventstream.test.ts, test/protocols/anthropic/dialects.test.ts).',
  A3: 'Beta headers go to Claude only (test/pipeline/upstream-headers.test.ts, test/pipeline/dialect.test.ts); a translated request has none.',
  A4: 'Claude on Vertex is Claude’s own wire (test/pipeline/dialect.test.ts).',
  A21: 'Which model serves a helper call is routing (test/rules).',
  A22: 'The `[1m]` suffix is taken off before routing (test/models).',
  B10: 'Silence is bridged by the relay’s pings (test/e2e/contract/streaming.test.ts).',
  B12: 'Headers of a rewritten answer are made where it is relayed (test/e2e/contract/verbatim.test.ts).',
  B13: 'Claude’s stream on Vertex is Claude’s own wire (test/protocols/anthropic/tap.test.ts).',
  B16: 'Aborts and back-off are the relay’s (test/reliability/cancel.test.ts, test/e2e/contract/streaming.test.ts).',
  F7: 'Prices of cache reads (test/models, test/rules).',
  F8: 'Prices in the configuration.',
  F10: 'Reports by class of request.',
  L4: 'Which of several failures the client is told is decided by the attempt loop (test/rules/retry.test.ts, test/e2e/contract/errors.test.ts).',
}

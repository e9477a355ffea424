/** Google AI by version; Vertex by project, and without one where a key of its express mode says whose call it is. */
export const GOOGLE_MODELS: readonly string[] = [
  ...['/v1beta', '/v1', '/v1beta1'].map((version) => `${version}/models`),
  ...['/v1', '/v1beta1', ''].flatMap((version) => [
    `${version}/projects/{project}/locations/{location}/publishers/google/models`,
    `${version}/publishers/google/models`,
  ]),
]

import { RULE_VARIABLES } from '../../src/rules/rule-variables.ts'

const TYPES = {
  string: 'text',
  bool: 'true or false',
  int: 'whole number',
  double: 'number',
  map: 'map of texts',
}

/** What routing rules can ask. */
export function variableTable(): string {
  const rows = RULE_VARIABLES.map(({ name, type, values, meaning, example }) => {
    const known = values?.filter((value) => value !== '').map((value) => `\`${value}\``)
    const all =
      known === undefined || known.every((value) => meaning.includes(value)) ? '' : ` ${known.join(', ')}.`
    return `| \`${name}\` | ${TYPES[type]} | ${meaning}${all} | \`${example}\` |`
  })
  return ['| variable | type | meaning | example |', '|---|---|---|---|', ...rows].join('\n')
}

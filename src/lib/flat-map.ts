/** `list.flatMap(of)`; of a list of one, as most are, the result is the only list that is made. */
export function flatMap<In, Out>(list: readonly In[], of: (element: In) => Out[]): Out[] {
  return list.length === 1 ? of(list[0]!) : list.flatMap((element) => of(element))
}

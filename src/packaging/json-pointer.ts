/** The JSON pointer (RFC 6901) of a path of keys: `['a', 'b/c', 0]` becomes `/a/b~1c/0`. */
export function toPointer(keys: readonly PropertyKey[]): string {
  return keys.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

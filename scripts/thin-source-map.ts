export interface SourceMap {
  readonly mappings: string;
}

/** A position as four numbers: column in the output, file, line and column of the source. */
type Segment = [column: number, source: number, line: number, sourceColumn: number];

/**
 * Reduces a source map to what a stack trace shows: the source line of each part of an output line. It is half as large.
 */
export function thinSourceMap(map: SourceMap): SourceMap {
  return { ...map, mappings: thin(map.mappings) };
}

function thin(mappings: string): string {
  const read: Segment = [0, 0, 0, 0];
  const written: Segment = [0, 0, 0, 0];
  const lines = mappings.split(';').map((line) => {
    [read[0], written[0]] = [0, 0];
    let last: Segment | undefined;
    return line.split(',').flatMap((segment) => {
      if (segment === '') return [];
      for (const [at, difference] of decode(segment).slice(0, 4).entries()) read[at as 0] += difference;
      if (last !== undefined && last[1] === read[1] && last[2] === read[2]) return [];
      last = [...read];
      const differences = last.map((value, at) => value - (written[at] ?? 0));
      written.splice(0, 4, ...last);
      return [differences.map(encode).join('')];
    });
  });
  return lines.map((segments) => segments.join(',')).join(';');
}

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Base 64 VLQ: five bits per digit from the lowest, a sixth says that another follows; the lowest bit is the sign. */
function decode(segment: string): number[] {
  const values: number[] = [];
  let [value, shift] = [0, 0];
  for (const character of segment) {
    const digit = digits.indexOf(character);
    value += (digit & 31) << shift;
    shift += 5;
    if (digit >= 32) continue;
    values.push(value & 1 ? -(value >> 1) : value >> 1);
    [value, shift] = [0, 0];
  }
  return values;
}

function encode(value: number): string {
  let rest = value < 0 ? (-value << 1) | 1 : value << 1;
  let text = '';
  do {
    const digit = rest & 31;
    rest >>= 5;
    text += digits[rest > 0 ? digit | 32 : digit];
  } while (rest > 0);
  return text;
}

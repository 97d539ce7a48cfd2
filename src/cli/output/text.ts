import { shown } from '../../errors/shown.ts';

/** A number of bytes as text: `345 B`, `12.3 KB`, `1.0 GB`. */
export function formatSize(bytes: number): string {
  const units = ['KB', 'MB', 'GB'] as const;
  let [size, unit] = [bytes, 'B'];
  for (const next of units) {
    // Rounded first: 1023.96 would otherwise become 1024.0.
    if (Number(size.toFixed(unit === 'B' ? 0 : 1)) < 1024) break;
    [size, unit] = [size / 1024, next];
  }
  return `${unit === 'B' ? size : size.toFixed(1)} ${unit}`;
}

/** A duration as text: `4 s`, `1 min 5 s`; with `precise`, a short one is `0.4 s`. */
export function formatDuration(ms: number, { precise = false }: { readonly precise?: boolean } = {}): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return precise ? `${(Math.floor(ms / 100) / 10).toFixed(1)} s` : `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** A number and a noun: `1 file`, `2 files`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** A label and its value. A field without a value is not printed. */
export type Field = readonly [label: string, value: string | number | undefined];

/** One line for each field, with the values in one column. */
export function formatFields(fields: readonly Field[]): string {
  const known = fields.filter(([, value]) => value !== undefined);
  const width = Math.max(...known.map(([label]) => label.length)) + 1;
  return known.map(([label, value]) => `${`${label}:`.padEnd(width)} ${shown(String(value))}\n`).join('');
}

/** Rows with aligned columns, without trailing spaces. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

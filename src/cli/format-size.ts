/** A number of bytes for people: `345 B`, `12.3 KB`, `1.0 GB`. */
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

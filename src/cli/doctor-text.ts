import type { Diagnosis } from '../host/diagnosis.ts';
import type { LibraryVersions } from '../host/interpreter-report.ts';

type Row = readonly [name: string, text: string | undefined];

/** The record of `fidius doctor` for people: facts first, what to do about them last. */
export function diagnosisText(record: Diagnosis & { readonly fidius: string }): string {
  const { node } = record;
  const libc = node.glibc === undefined ? '' : `, glibc ${node.glibc}`;
  return [
    `fidius ${record.fidius} on Node.js ${node.version} (${node.platform} ${node.arch}${libc})`,
    ...section('Python', pythonRows(record)),
    ...section('Inside Node.js', embeddedRows(record)),
    ...section('Search', searchRows(record)),
    '',
    ...findingLines(record),
    '',
  ].join('\n');
}

function pythonRows({ python }: Diagnosis): Row[] {
  if (python === undefined) return [];
  const kinds = [python.debug ? 'debug build' : undefined, python.shared ? undefined : 'without shared library'];
  const notes = kinds.filter((kind) => kind !== undefined);
  return [
    ['version', [python.version, ...notes].join(', ')],
    ['found by', python.foundBy],
    ['interpreter', python.executable ?? 'none next to the library'],
    ['library', python.libpython],
    ['environment', python.prefix],
    ['installed in', python.basePrefix === python.prefix ? undefined : python.basePrefix],
    ...python.sitePackages.map((folder, index): Row => [index === 0 ? 'packages' : '', folder]),
  ];
}

function embeddedRows({ embedded, node }: Diagnosis): Row[] {
  if (embedded === undefined) return [];
  const { locale, stack } = embedded;
  const protection =
    stack.protection === 'set' ? 'overflow protection set' : 'no overflow protection needed before Python 3.14';
  return [
    ['version', embedded.version],
    ['OpenSSL', versions(embedded.openssl, node.openssl)],
    ['zlib', versions(embedded.zlib, node.zlib)],
    ['locale', `${locale.ctype}, text ${locale.preferredEncoding}, file names ${locale.filesystemEncoding}`],
    ['UTF-8 mode', locale.utf8Mode ? 'on' : 'off'],
    ['stack', `${stack.bytes / 1024 ** 2} MiB, ${protection}`],
  ];
}

function versions(library: LibraryVersions | null, nodeHas: string | undefined): string {
  const own =
    library === null ? 'none' : `${library.running}, Python was built for ${library.built ?? 'an unknown version'}`;
  return nodeHas === undefined ? own : `${own}, Node.js has ${nodeHas}`;
}

function searchRows({ attempts }: Diagnosis): Row[] {
  return attempts.map(({ locator, looked, outcome }) => [locator, looked === '' ? outcome : `${looked}: ${outcome}`]);
}

function findingLines({ findings, usable }: Diagnosis): string[] {
  const lines = findings.flatMap(({ severity, message, hint }) => [
    `${severity}: ${message}`,
    ...(hint === undefined ? [] : [`hint: ${hint}`]),
  ]);
  return [...lines, ...(lines.length === 0 ? [] : ['']), usable ? 'Python works here.' : 'Python does not work here.'];
}

function section(title: string, rows: readonly Row[]): string[] {
  const shown = rows.filter(([, text]) => text !== undefined);
  const width = Math.max(...shown.map(([name]) => name.length));
  const lines = shown.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`);
  return shown.length === 0 ? [] : ['', title, ...lines];
}

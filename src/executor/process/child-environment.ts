/**
 * The variables that every process gets from this one: what Python and programs need to find files and to format text. Secrets are
 * usually in other variables.
 */
const inheritedNames: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  'LD_LIBRARY_PATH',
  'DYLD_LIBRARY_PATH',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'PYTHONDONTWRITEBYTECODE',
  // Windows
  'SYSTEMROOT',
  'WINDIR',
  'COMSPEC',
  'PATHEXT',
  'USERPROFILE',
  'APPDATA',
  'LOCALAPPDATA',
]);

/** The environment of a process: the inherited variables, and those that were given. */
export function toChildEnvironment(
  given: Readonly<Record<string, string | undefined>>,
  own: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const inherited = Object.entries(own).filter(([name]) => inheritedNames.has(name) || name.startsWith('LC_'));
  const all = { ...Object.fromEntries(inherited), ...given };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

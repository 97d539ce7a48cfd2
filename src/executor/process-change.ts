const hints = {
  threads: 'Have the plugin use asyncio, or threads as they are; what replaces them needs a process of its own.',
  'standard streams':
    'Have the plugin open files of its own, and wrap `sys.stdout` without closing or reconfiguring it.',
  'working folder': 'Have the plugin use absolute paths, or pass `cwd` to the processes that it starts.',
  umask: 'Have the plugin set the mode of its own files, with os.chmod() or an opener.',
  user: 'Change the user before the host starts, or have the plugin start a process as another user.',
  locale: 'Have the plugin format values by itself (babel, format()); the locale is that of every thread.',
  'time zone': 'Have the plugin use zoneinfo and aware datetime objects.',
  'environment variables': 'Have the plugin pass `env` to the processes that it starts, and settings as arguments.',
  'signal handlers': 'Have the plugin leave signals to the host, which can tell it to stop by a method.',
  'crash reports': 'Turn on faulthandler in the host, if it is wanted: there is one for all plugins.',
  'garbage collector': 'Leave the garbage collector to the host; gc.collect() changes nothing for others.',
  'recursion limit': 'Have the plugin work with a stack of its own, or leave the limit to the host.',
  'interpreter limits': 'Set these limits in the host, once for all plugins.',
  'byte-code': 'Leave sys.dont_write_bytecode as it is: byte-code in the folder of a package breaks its signature.',
  tracing: 'Trace and profile in a process of its own: every call of every plugin becomes slower.',
  'exception hooks': 'Have the plugin handle the exceptions of its own calls and threads.',
  'built-in functions': 'Have the plugin import its own functions, and leave those of `builtins` to all.',
  'standard library': 'Have the plugin replace functions in its own modules, or undo it when a call ends.',
  'logging threshold': 'Have the plugin set the level of its own loggers; logging.disable() silences all.',
  'disabled loggers': 'Have the plugin pass `disable_existing_loggers=False` to logging.config.',
  'root logger': 'Have the plugin add handlers to its own logger; those of the root logger serve all plugins.',
  'warnings filters': 'Have the plugin use warnings.catch_warnings(), or filters with a module or a message.',
  'socket timeout': 'Have the plugin pass `timeout` to its own sockets and requests.',
  'certificate checks': 'Have the plugin pass `context` to its own requests; certificates are checked for all.',
  'decimal defaults': 'Have the plugin use decimal.localcontext() or a context of its own.',
  'start method': 'Have the plugin use multiprocessing.get_context().',
  'event loop policy': 'Have the plugin create its own loops; the policy is that of all plugins.',
} as const;

/** What plugins have changed that belongs to the whole process. */
export type NoticeKind = keyof typeof hints;

/** A plugin changed something for the whole process. */
export interface Notice {
  readonly kind: NoticeKind;
  /** Names of the plugins that ran, also those of other hosts; the culprit is among them. Empty when none ran. */
  readonly plugins: readonly string[];
  readonly message: string;
  readonly hint: string;
}

export type NoticeListener = (notice: Notice) => void;

/** A change as `state_changes.py` finds it. */
export interface FoundChange {
  readonly kind: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly plugins: readonly string[];
}

/** @returns `undefined` if the host itself made the change: then Node knows about it. */
export function toNotice({ kind, before, after, plugins }: FoundChange): Notice | undefined {
  if (!isNoticeKind(kind)) return undefined;
  if (kind === 'working folder' && after === process.cwd()) return undefined;
  const message = `${subject(plugins)} changed the ${kind} of the whole process from ${show(before)} to ${show(after)}`;
  return { kind, plugins, message, hint: hints[kind] };
}

function subject(plugins: readonly string[]): string {
  const [first, ...others] = plugins;
  if (first === undefined) return 'The host, or a thread of a plugin,';
  return others.length === 0 ? `Plugin ${first}` : `One of the plugins ${plugins.join(', ')}`;
}

function isNoticeKind(kind: string): kind is NoticeKind {
  return kind in hints;
}

function show(value: unknown): string {
  if (value === null) return 'none';
  return Array.isArray(value) ? `[${value.join(', ')}]` : JSON.stringify(value);
}

import type { ProcessNotice } from './process/process-events.ts';

/** The setting of the process that changed. */
export type NoticeKind =
  | 'threads'
  | 'standardStreams'
  | 'workingFolder'
  | 'umask'
  | 'user'
  | 'locale'
  | 'timeZone'
  | 'environmentVariables'
  | 'signalHandlers'
  | 'crashReports'
  | 'garbageCollector'
  | 'recursionLimit'
  | 'interpreterLimits'
  | 'byteCode'
  | 'tracing'
  | 'exceptionHooks'
  | 'builtInFunctions'
  | 'standardLibrary'
  | 'loggingThreshold'
  | 'disabledLoggers'
  | 'rootLogger'
  | 'warningsFilters'
  | 'socketTimeout'
  | 'certificateChecks'
  | 'decimalDefaults'
  | 'startMethod'
  | 'eventLoopPolicy';

/** A setting of the process, its name in the reports of `state_changes.py` and in messages, and what to do about a change. */
const settings: Readonly<Record<NoticeKind, readonly [name: string, hint: string]>> = {
  threads: [
    'threads',
    'Have the plugin use asyncio, or threads as they are; what replaces them needs a process of its own.',
  ],
  standardStreams: [
    'standard streams',
    'Have the plugin open files of its own, and wrap `sys.stdout` without closing or reconfiguring it.',
  ],
  workingFolder: [
    'working folder',
    'Have the plugin use absolute paths, or pass `cwd` to the processes that it starts.',
  ],
  umask: ['umask', 'Have the plugin set the mode of its own files, with os.chmod() or an opener.'],
  user: ['user', 'Change the user before the host starts, or have the plugin start a process as another user.'],
  locale: ['locale', 'Have the plugin format values by itself (babel, format()); the locale is that of every thread.'],
  timeZone: ['time zone', 'Have the plugin use zoneinfo and aware datetime objects.'],
  environmentVariables: [
    'environment variables',
    'Have the plugin pass `env` to the processes that it starts, and settings as arguments.',
  ],
  signalHandlers: [
    'signal handlers',
    'Have the plugin leave signals to the host, which can tell it to stop by a method.',
  ],
  crashReports: ['crash reports', 'Turn on faulthandler in the host, if it is wanted: there is one for all plugins.'],
  garbageCollector: [
    'garbage collector',
    'Leave the garbage collector to the host; gc.collect() changes nothing for others.',
  ],
  recursionLimit: ['recursion limit', 'Have the plugin work with a stack of its own, or leave the limit to the host.'],
  interpreterLimits: ['interpreter limits', 'Set these limits in the host, once for all plugins.'],
  byteCode: [
    'byte-code',
    'Leave sys.dont_write_bytecode as it is: byte-code in the folder of a package breaks its signature.',
  ],
  tracing: ['tracing', 'Trace and profile in a process of its own: every call of every plugin becomes slower.'],
  exceptionHooks: ['exception hooks', 'Have the plugin handle the exceptions of its own calls and threads.'],
  builtInFunctions: [
    'built-in functions',
    'Have the plugin import its own functions, and leave those of `builtins` to all.',
  ],
  standardLibrary: [
    'standard library',
    'Have the plugin replace functions in its own modules, or undo it when a call ends.',
  ],
  loggingThreshold: [
    'logging threshold',
    'Have the plugin set the level of its own loggers; logging.disable() silences all.',
  ],
  disabledLoggers: ['disabled loggers', 'Have the plugin pass `disable_existing_loggers=False` to logging.config.'],
  rootLogger: [
    'root logger',
    'Have the plugin add handlers to its own logger; those of the root logger serve all plugins.',
  ],
  warningsFilters: [
    'warnings filters',
    'Have the plugin use warnings.catch_warnings(), or filters with a module or a message.',
  ],
  socketTimeout: ['socket timeout', 'Have the plugin pass `timeout` to its own sockets and requests.'],
  certificateChecks: [
    'certificate checks',
    'Have the plugin pass `context` to its own requests; certificates are checked for all.',
  ],
  decimalDefaults: ['decimal defaults', 'Have the plugin use decimal.localcontext() or a context of its own.'],
  startMethod: ['start method', 'Have the plugin use multiprocessing.get_context().'],
  eventLoopPolicy: ['event loop policy', 'Have the plugin create its own loops; the policy is that of all plugins.'],
};

const kinds = new Map(Object.entries(settings).map(([kind, [name]]) => [name, kind as NoticeKind]));

/** A plugin changed something for the whole process. */
export interface Notice {
  /** The setting. */
  readonly kind: NoticeKind;
  /** Names of the plugins that ran, of all hosts; one of them made the change. Empty when none ran. */
  readonly plugins: readonly string[];
  /** The setting, its value before and after, and the plugins. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
}

/** Receives the notices of an executor. */
export type NoticeListener = (notice: Notice | ProcessNotice) => void;

/** A change as `state_changes.py` finds it. */
export interface FoundChange {
  readonly kind: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly plugins: readonly string[];
}

/** @returns `undefined` for a change that the host itself made: Node then reports the same value. */
export function toNotice({ kind: name, before, after, plugins }: FoundChange): Notice | undefined {
  const kind = kinds.get(name);
  if (kind === undefined) return undefined;
  if (kind === 'workingFolder' && after === process.cwd()) return undefined;
  const message = `${subject(plugins)} changed the ${name} of the whole process from ${show(before)} to ${show(after)}`;
  return { kind, plugins, message, hint: settings[kind][1] };
}

function subject(plugins: readonly string[]): string {
  const [first, ...others] = plugins;
  if (first === undefined) return 'The host, or a thread of a plugin,';
  return others.length === 0 ? `Plugin ${first}` : `One of the plugins ${plugins.join(', ')}`;
}

function show(value: unknown): string {
  if (value === null) return 'none';
  return Array.isArray(value) ? `[${value.join(', ')}]` : JSON.stringify(value);
}

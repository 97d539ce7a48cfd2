/** What plugins have changed that belongs to the whole process. */
export type NoticeKind = 'working folder' | 'umask' | 'locale' | 'signal handlers' | 'threads';

/** A plugin changed something for everybody. */
export interface Notice {
  readonly kind: NoticeKind;
  /** Names of the plugins that ran; the culprit is among them. */
  readonly plugins: readonly string[];
  readonly message: string;
  readonly hint: string;
}

export type NoticeListener = (notice: Notice) => void;

/** A change as `environment.py` finds it. */
export interface FoundChange {
  readonly kind: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly plugins: readonly string[];
}

const hints: Record<NoticeKind, string> = {
  'working folder': 'Have the plugin use absolute paths, or pass `cwd` to the processes that it starts.',
  umask: 'Have the plugin set the mode of its own files, with os.chmod() or an opener.',
  locale: 'Have the plugin format values by itself (babel, format()); the locale is that of every thread.',
  'signal handlers': 'Have the plugin leave signals to the host, which can tell it to stop by a method.',
  threads: 'Have the plugin use asyncio, or threads as they are; what replaces them needs a process of its own.',
};

/** @returns nothing when the change is the host's own: then Node knows of it. */
export function toNotice({ kind, before, after, plugins }: FoundChange): Notice | undefined {
  if (!isNoticeKind(kind)) return undefined;
  if (kind === 'working folder' && after === process.cwd()) return undefined;
  const who = plugins.length === 0 ? 'A plugin' : plugins.length === 1 ? `Plugin ${plugins[0]}` : 'One of the plugins';
  const among = plugins.length > 1 ? ` ${plugins.join(', ')}` : '';
  const message = `${who}${among} changed the ${kind} of the whole process from ${show(before)} to ${show(after)}`;
  return { kind, plugins, message, hint: hints[kind] };
}

function isNoticeKind(kind: string): kind is NoticeKind {
  return kind in hints;
}

function show(value: unknown): string {
  if (value === null) return 'none';
  return Array.isArray(value) ? `[${value.join(', ')}]` : JSON.stringify(value);
}

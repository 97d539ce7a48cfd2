import type { Interpreter } from '../../cpython/interpreter.ts';
import { emitSafely } from '../emit-safely.ts';
import { type FoundChange, type NoticeListener, toNotice } from '../process-change.ts';
import { SyncActivity } from '../sync-activity.ts';

/** Detects changes to the whole process by plugins that are called on this thread. Takes the GIL. */
export class InlineChanges {
  readonly activity: SyncActivity;
  readonly #interpreter: Interpreter;
  readonly #listener: NoticeListener | undefined;
  readonly #key: string;

  constructor(interpreter: Interpreter, listener: NoticeListener | undefined) {
    this.#interpreter = interpreter;
    this.#listener = listener;
    this.#key = interpreter.invoke('change_notices.start') as string;
    this.activity = new SyncActivity(
      (plugin) => interpreter.invoke('change_notices.begin_calls', this.#key, plugin),
      (plugins) => this.#report(interpreter.invoke('change_notices.end_calls', this.#key, plugins)),
    );
  }

  duringLoad<T>(plugin: string, folder: string, load: () => T): T {
    this.activity.endPeriod();
    this.#interpreter.invoke('change_notices.begin_load', this.#key, plugin, folder);
    try {
      return load();
    } finally {
      this.#report(this.#interpreter.invoke('change_notices.end_load', this.#key, plugin));
    }
  }

  close(): void {
    this.activity.endPeriod();
    this.#report(this.#interpreter.invoke('change_notices.stop', this.#key));
  }

  #report(changes: unknown): void {
    // Compared even without a listener: the changes would be found later otherwise, and attributed to another plugin.
    if (this.#listener === undefined) return;
    for (const [kind, before, after, plugins] of changes as Change[]) {
      const notice = toNotice({ kind, before, after, plugins });
      if (notice !== undefined) emitSafely(this.#listener, notice);
    }
  }
}

type Change = [kind: FoundChange['kind'], before: unknown, after: unknown, plugins: readonly string[]];

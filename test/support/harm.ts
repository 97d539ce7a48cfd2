import { defineInterface, method, t } from '../../src/index.ts';

/** A plugin whose calls do not end. */
export const Harm = defineInterface('Harm', {
  version: 1,
  methods: {
    /** The ids of its process and of a process that it has started. */
    pids: method({}, t.list(t.u32)),
    /** Waits in C without the GIL. */
    nap: method({}, t.u32),
    /** Computes in C with the GIL. */
    hold: method({}, t.u32),
  },
});

export const harmLines = [
  'import os, subprocess, time',
  'child = subprocess.Popen(["sleep", "600"]) if os.environ.get("FIDIUS_TEST_CHILD") else None',
  'def pids(): return [os.getpid()] + ([child.pid] if child else [])',
  'def nap(): time.sleep(600); return 0',
  'def hold(): return sum(range(1 << 60))',
];

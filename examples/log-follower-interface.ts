import { defineInterface, method, t } from 'fidius';

export const Entry = t.struct('Entry', { line: t.u32, level: t.string, text: t.string });

/** What a host may ask of a plugin that reads logs. */
export const LogFollower = defineInterface('LogFollower', {
  version: 1,
  methods: {
    follow: method({ path: t.string }, t.stream(Entry), {
      doc: 'The entries of a log, and those that are added to it later.',
    }),
  },
});

import { defineInterface, method, t } from 'fidius';

/** What a host may ask of a plugin that continues texts. */
export const TextModel = defineInterface('TextModel', {
  version: 1,
  methods: {
    complete: method([{ prompt: t.string }, { seed: t.u32 }], t.stream(t.string), {
      doc: 'The tokens that follow a prompt, one after the other.',
    }),
  },
});

import { defineInterface, method, t } from 'fidius';

export const Rating = t.struct('Rating', { text: t.string, score: t.f64 });

/** What a host may ask of a plugin that rates texts. */
export const TextRater = defineInterface('TextRater', {
  version: 1,
  methods: {
    rate: method({ text: t.string }, t.f64, { doc: 'How friendly a text is: above 0, or below.' }),
    rateAll: method({ texts: t.stream(t.string) }, t.stream(Rating), { doc: 'The same for many texts.' }),
  },
});

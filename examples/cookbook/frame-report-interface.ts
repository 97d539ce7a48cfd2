import { defineInterface, method, t } from 'fidius';

/** What a host may ask of a plugin that computes with data frames. Tables are streams of Arrow IPC in both directions. */
export const FrameReport = defineInterface('FrameReport', {
  version: 1,
  methods: {
    monthly: method({ csv: t.bytes }, t.bytes, { doc: 'Rain and temperatures of each month, from records of days.' }),
    above: method([{ table: t.bytes }, { rain: t.f64 }], t.bytes, { doc: 'The rows with more rain.' }),
  },
});

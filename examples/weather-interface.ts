import { defineInterface, method, t } from 'fidius';

/** One day of records: rain in mm, temperatures in °C. */
export const Day = t.struct('Day', { date: t.string, rain: t.f64, high: t.f64, low: t.f64 });

/** From `first` to `last`, both included, as ISO dates. */
export const Period = t.struct('Period', { first: t.string, last: t.string });

export const Reading = t.struct('Reading', { date: t.string, value: t.f64 });

export const Month = t.struct('Month', { month: t.string, warmest: Reading, coldest: Reading, rain: t.f64 });

export const DrySpell = t.struct('DrySpell', { first: t.string, last: t.string, days: t.u32 });

/** What a host may ask of a plugin that knows about weather. */
export const WeatherInsight = defineInterface('WeatherInsight', {
  version: 1,
  methods: {
    parse: method({ data: t.bytes }, t.result(t.list(Day))),
    monthly: method([{ days: t.list(Day) }, { period: Period }], t.result(t.list(Month))),
    dryspell: method([{ days: t.list(Day) }, { limit: t.f64 }], t.result(DrySpell)),
    plot: method.raw(),
  },
});

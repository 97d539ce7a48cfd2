import { readFile } from 'node:fs/promises';
import { isPluginError, PluginHost } from 'fidius';
import { WeatherInsight } from './weather-interface.ts';

await using host = await PluginHost.open({ searchPaths: [`${import.meta.dirname}/plugins`] });
const { client, sync, info } = await host.load('weather-insight', WeatherInsight);
const csv = await readFile(`${import.meta.dirname}/data/seattle-weather.csv`);

// `client` answers with promises and never blocks the event loop; `sync` answers at once, on this thread.
const days = await timed(`parse, ${csv.length} bytes to structs`, () => client.parse(csv));
const year = { first: '2015-01-01', last: '2015-12-31' };
const months = await timed(`monthly, ${days.length} structs in`, () => client.monthly(days, year));
const spell = await timed('dryspell, sync', () => sync.dryspell(days, 0));
const plot = await timed('plot, raw bytes', () => sync.plot(csv));

console.log('Seattle, 2015\n\nmonth    warmest            coldest            rain');
for (const { month, warmest, coldest, rain } of months) {
  const extremes = [warmest, coldest].map(
    ({ date, value }) => `${value.toFixed(1).padStart(5)} °C on ${date.slice(8)}.  `,
  );
  console.log(`${month} ${extremes.join('  ')} ${rain.toFixed(1).padStart(6)} mm`);
}
console.log(`\nLongest dry spell since 2012: ${spell.days} days, ${spell.first} to ${spell.last}\n`);
console.log(new TextDecoder().decode(plot));

try {
  await client.monthly(days, { first: '2031-01-01', last: '2031-12-31' });
} catch (error) {
  if (!isPluginError(error)) throw error;
  console.log(`The plugin refuses 2031: ${error.code}, ${error.message}`, error.details);
}

async function timed<T>(what: string, call: () => T | Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await call();
  console.log(`${info.name} · ${what}: ${(performance.now() - start).toFixed(2)} ms`);
  return result;
}

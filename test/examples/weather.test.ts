import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const tsx = createRequire(import.meta.url).resolve('tsx/cli');

describe('npm run demo', () => {
  it('prints what the records say, what the plugin refuses, and the time of each call', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [tsx, 'examples/weather.ts'], {
      cwd: root,
      encoding: 'utf8',
    });

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.replaceAll(/\d+\.\d\d ms/g, '<time> ms')).toMatchInlineSnapshot(`
      "weather-insight · parse, 48219 bytes to structs: <time> ms
      weather-insight · monthly, 1461 structs in: <time> ms
      weather-insight · dryspell, sync: <time> ms
      weather-insight · plot, raw bytes: <time> ms
      Seattle, 2015

      month    warmest            coldest            rain
      2015-01  17.2 °C on 25.     -3.2 °C on 01.     93.0 mm
      2015-02  16.7 °C on 12.      0.6 °C on 23.    134.2 mm
      2015-03  20.6 °C on 26.     -0.5 °C on 04.    113.5 mm
      2015-04  25.0 °C on 27.      2.8 °C on 05.     51.6 mm
      2015-05  27.8 °C on 28.      6.1 °C on 07.     14.8 mm
      2015-06  33.3 °C on 27.      9.4 °C on 13.      5.9 mm
      2015-07  35.0 °C on 19.     12.2 °C on 27.      2.3 mm
      2015-08  33.3 °C on 01.     12.2 °C on 05.     83.3 mm
      2015-09  27.2 °C on 11.      7.2 °C on 27.     21.1 mm
      2015-10  23.3 °C on 05.      7.2 °C on 23.    122.4 mm
      2015-11  15.6 °C on 06.     -3.8 °C on 30.    212.6 mm
      2015-12  15.6 °C on 03.     -2.1 °C on 31.    284.5 mm

      Longest dry spell since 2012: 48 days, 2012-07-23 to 2012-09-08

      Daily high, mean of each week (°C): ▁ 2.1 … 31.4 █
      2012 ▃▂▁▂▃▃▂▂▂▃▂▂▃▃▄▄▅▃▅▆▅▅▄▅▅▆▆▇▆▆▇▇█▆▆▇▆▆▆▆▄▄▃▄▃▃▃▃▂▂▂▂
      2013 ▂▁▁▂▂▂▃▂▃▃▃▃▅▄▃▄▅▆▆▅▄▅▆▆▆▇▇▇▇█▆█▇▇▇▆▆▅▄▅▄▃▃▄▃▃▃▃▁▂▂▂
      2014 ▂▃▂▃▂▁▃▂▃▄▃▃▃▄▅▄▄▅▅▆▅▆▆▅▆▇▇█▇▇██▇▇▆▇▇▆▅▆▅▅▄▄▃▂▃▂▃▃▃▂
      2015 ▂▂▃▄▃▄▄▃▃▄▄▄▄▄▄▅▄▅▅▆▅▆█▇▇██▇█▇█▇▇▇▆▅▆▅▅▅▅▅▄▃▃▃▂▂▃▂▂▁
           J   F   M   A    M   J   J    A   S    O   N   D

      Rain, sum of each week (mm): ▁ 0.0 … 146.0 █
      2012 ▂▁▄▂▃▁▃▂▁▂▆▁▃▁▁▂▂▂▁▁▂▁▂▁▂▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▃▃▅▁▃▆▃▃▂▄▂
      2013 ▁▄▁▂▁▁▁▁▁▂▁▂▁▅▂▂▁▁▁▁▃▁▁▁▁▁▁▁▁▁▁▁▁▁▂▃▁▂▅▂▁▁▁▁▃▃▁▁▁▁▂▁
      2014 ▁▃▁▁▂▃▅▂▃▆▃▁▃▁▁▄▂▃▁▁▁▁▁▁▁▁▁▁▁▂▁▁▂▁▁▁▁▂▂▁▂▃▄▄▁▁▃▃▂▂▄▁
      2015 ▂▁▄▁▂▅▁▁▂▁▅▂▁▁▂▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▂▁▃▁▁▁▁▁▂▁▂▅▂█▁▁█▂▅▂
           J   F   M   A    M   J   J    A   S    O   N   D

      The plugin refuses 2031: EMPTY_PERIOD, no records between 2031-01-01 and 2031-12-31 {
        period: { first: '2031-01-01', last: '2031-12-31' },
        records: { first: '2012-01-01', last: '2015-12-31' }
      }
      "
    `);
  });
});

import { readFile } from 'node:fs/promises';
import { type Table, tableFromIPC, tableToIPC } from 'apache-arrow';
import { PluginHost } from 'fidius';
import { FrameReport } from './frame-report-interface.ts';

// The Python of FIDIUS_PYTHON has pandas and pyarrow, or the package has vendored them.
const [searchPath = `${import.meta.dirname}/plugins`] = process.argv.slice(2);
await using host = await PluginHost.open({ searchPaths: [searchPath] });
const { client } = await host.load('frame-report', FrameReport);

const csv = await readFile(`${import.meta.dirname}/../data/seattle-weather.csv`);
const months = tableFromIPC(await client.monthly(csv));
console.log(`${months.numRows} months: ${months.schema.fields.map(String).join(', ')}`);

// A column is one typed array over the memory that came from Python.
const rain = months.getChild('rain')?.toArray() as Float64Array;
console.log(`${rain.reduce((sum, each) => sum + each, 0).toFixed(1)} mm of rain`);

// A table of JavaScript goes the other way.
const wet = tableFromIPC(await client.above(tableToIPC(months, 'stream'), 200));
print(wet);

function print(table: Table): void {
  for (const row of table) {
    const { month, rain: amount, warmest, coldest } = row.toJSON() as Record<string, number>;
    console.log(`${month}: ${amount?.toFixed(1)} mm, ${coldest} to ${warmest} °C`);
  }
}

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { PluginHost } from 'fidius';
import { describe, expect, it } from 'vitest';
import { defineInterface, executorNames, fromJson, method, toJson } from '../../src/index.ts';
import { generatePythonStub } from '../../src/packaging.ts';
import { fill, pythonManifest } from '../support/packages.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { anySample } from '../support/typed-samples.ts';

const samples = fc.sample(anySample, { numRuns: 200, seed: 7 });
const Echo = defineInterface('Echo', {
  version: 1,
  methods: Object.fromEntries(samples.map(({ type }, index) => [`echo${index}`, method({ value: type }, type)])),
});
// The stub is the plugin: its functions give back what they got.
const module = generatePythonStub(Echo).replaceAll(/raise NotImplementedError\(.*\)/g, 'return value');

function writePlugin(): string {
  const searchPath = tempFolder();
  fill(searchPath, {
    'echo/package.toml': pythonManifest('echo').replace('"Greeter"', '"Echo"'),
    'echo/demo.py': module,
  });
  return searchPath;
}

describe.each(executorNames)('with the executor %s', (executor) => {
  it('brings every value of every type to Python and back', async () => {
    await using host = await PluginHost.open({ executor, searchPaths: [writePlugin()] });
    const { client } = await host.load('echo', Echo);

    const pairs = await callAll(client, (_index, value) => value);

    // Not toStrictEqual(), which takes a field called "constructor" for the class of the object.
    expect(pairs.filter(({ sent, came }) => !isDeepStrictEqual(sent, came))).toEqual([]);
  });
});

it('brings every result through JSON and to Python again', async () => {
  await using host = await PluginHost.open({ executor: 'inline', searchPaths: [writePlugin()] });
  const { client } = await host.load('echo', Echo);

  const pairs = await callAll(client, (index, value) => {
    const { type } = samples[index] as (typeof samples)[number];
    return fromJson(type, JSON.parse(JSON.stringify(toJson(value))));
  });

  // JSON.stringify writes -0 as 0.
  const exact = pairs.filter(({ sent }) => !holdsNegativeZero(sent));
  expect(exact.length).toBeGreaterThan(pairs.length / 2);
  expect(exact.filter(({ sent, came }) => !isDeepStrictEqual(sent, came))).toEqual([]);
});

/** Calls each method with values of its type, in the form that `prepare` gives them. */
async function callAll(
  client: unknown,
  prepare: (index: number, value: unknown) => unknown,
): Promise<readonly { readonly sent: unknown; readonly came: unknown }[]> {
  const functions = client as Readonly<Record<string, (value: unknown) => Promise<unknown>>>;
  const calls = samples.flatMap(({ value }, index) =>
    fc.sample(value, { numRuns: 20, seed: index }).map(async (sent) => ({
      sent,
      came: await functions[`echo${index}`]?.(prepare(index, sent)),
    })),
  );
  return Promise.all(calls);
}

function holdsNegativeZero(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return Object.is(value, -0);
  const items = value instanceof Map ? [...value].flat() : Object.values(value);
  return items.some(holdsNegativeZero);
}

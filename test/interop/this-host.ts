import { PluginHost } from '../../src/index.ts';
import { Everyday } from './everyday-plugin.ts';
import type { RustCall } from './rust-host.ts';

/** What the plugin `everyday` answers in this library, as JSON has it. */
export async function askThisHost(searchPath: string, list: readonly RustCall[]): Promise<unknown[]> {
  await using host = await PluginHost.open({ searchPaths: [searchPath] });
  const plugin = await host.load('everyday', Everyday);
  const answers: unknown[] = [];
  for (const [name, input] of list) {
    const call = plugin.client[name as 'greet'] as (...values: unknown[]) => Promise<unknown>;
    answers.push(toJson(await call(...(input as unknown[]))));
  }
  return answers;
}

/** Large integers come as bigint here, arrays as typed arrays, nothing as undefined; JSON has numbers, arrays and null. */
export function toJson(value: unknown): unknown {
  const text = JSON.stringify(value ?? null, (_key, each: unknown) => {
    if (ArrayBuffer.isView(each)) return Array.from(each as Uint8Array);
    return typeof each === 'bigint' ? Number(each) : each;
  });
  return JSON.parse(text) as unknown;
}

import { dirname } from 'node:path';
import { addend, floats, raw, rows, streamLength } from '../operations.ts';
import { Bench, fidius, provide } from './built-fidius.ts';
import { type Contender, pluginFolder } from './contender.ts';
import { immediateStreams } from './streams.ts';

/** The synchronous side of the typed client: arguments and results as the interface declares them. */
export async function open(): Promise<Contender> {
  const host = await fidius.PluginHost.open({ searchPaths: [dirname(pluginFolder)], executor: 'inline' });
  const { sync } = await host.load('bench-plugin', Bench, { provide });
  return {
    calls: {
      ...immediateStreams(sync),
      hostFunctions: () => sync.ask_host(streamLength),
      add: (step) => sync.add(addend, step),
      echoRows: () => sync.echo_rows(rows),
      echoFloats: () => sync.echo_floats(floats),
      echoRaw: () => sync.echo_bytes(raw),
    },
  };
}

import { dirname } from 'node:path';
import { addend, streamLength } from '../operations.ts';
import { Bench, fidius, provide } from './built-fidius.ts';
import { type Contender, pluginFolder } from './contender.ts';
import { awaitedStreams } from './streams.ts';

/** The asynchronous side of the typed client: Python runs on threads of its own. */
export async function open(): Promise<Contender> {
  const host = await fidius.PluginHost.open({ searchPaths: [dirname(pluginFolder)], executor: 'thread' });
  const { client } = await host.load('bench-plugin', Bench, { provide });
  return {
    calls: {
      ...awaitedStreams(client),
      hostFunctions: () => client.ask_host(streamLength),
      addAsync: (step) => client.add(addend, step),
      addCoroutine: (step) => client.add_coroutine(addend, step),
    },
  };
}

import { rows } from '../operations.ts';
import { Bench, fidius, indexOf } from './built-fidius.ts';
import { type Contender, pluginFolder } from './contender.ts';

/** What one would do without a codec: JSON text both ways, through the same library. */
export async function open(): Promise<Contender> {
  const handle = await fidius.loadPythonPlugin(pluginFolder, Bench.descriptor);
  const echoJson = indexOf('echo_json');
  return {
    calls: {
      echoRows: () => JSON.parse(handle.callTyped(echoJson, [JSON.stringify(rows)]) as string) as unknown,
    },
  };
}

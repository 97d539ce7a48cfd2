import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { PluginHost } from 'fidius';
import { createMcpServer } from 'fidius/mcp';
import { readPublicKey } from 'fidius/packaging';
import { WeatherInsight } from '../weather-interface.ts';

// Arguments: the folder of the packages, the key of their author, and the folder in which verified copies are stored.
const [searchPath = '', keyFile = '', storeDir = ''] = process.argv.slice(2);

const host = await PluginHost.open({
  searchPaths: [searchPath],
  trustedKeys: [await readPublicKey(keyFile)], // from here on, packages without a valid signature do not run
  storeDir,
  executor: 'process',
  onOutput: ({ text }) => console.error(text), // standard output belongs to the protocol
});
const server = await createMcpServer(host, { plugins: [{ name: 'weather-insight', interface: WeatherInsight }] });
server.onclose = () => void host.close();
await server.connect(new StdioServerTransport());

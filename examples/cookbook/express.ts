import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { PluginHost } from 'fidius';
import { createWeatherServer } from './express-server.ts';

await using host = await PluginHost.open({ searchPaths: [`${import.meta.dirname}/../plugins`] });
const server = await createWeatherServer(host);
server.listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1');
await once(server, 'listening');
console.log(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);

// First no more requests, then no more plugins: `await using` closes the host at the end of the module.
await Promise.race(['SIGINT', 'SIGTERM'].map((signal) => once(process, signal)));
server.close();
server.closeIdleConnections();
await once(server, 'close');

import { dirname } from 'node:path';
import { defineInterface, method, PluginHost, t } from '../../dist/bundle/index.js';

const StartUp = defineInterface('StartUp', { version: 1, methods: { add: method({ a: t.i64, b: t.i64 }, t.i64) } });

const [, , pluginFolder, python] = process.argv;
const host = await PluginHost.open({ searchPaths: [dirname(pluginFolder)], executor: 'process', python });
const { client } = await host.load('start-up-plugin', StartUp);
process.stdout.write(`${await client.add(2, 3)}\n`);
await host.close();

import { dirname } from 'node:path';
import { defineInterface, method, PluginHost, t } from '../../dist/bundle/index.js';
import { printResident } from './resident.mjs';

const StartUp = defineInterface('StartUp', { version: 1, methods: { add: method({ a: t.i64, b: t.i64 }, t.i64) } });

const [, , pluginFolder, python] = process.argv;
const host = await PluginHost.open({ searchPaths: [dirname(pluginFolder)], executor: 'inline', python });
const { sync } = await host.load('start-up-plugin', StartUp);
sync.add(2, 3);
await printResident();

import { createRequire } from 'node:module';

const addon = createRequire(import.meta.url)('../addon/build/Release/call_python.node');
addon.open(process.argv[2], 'start_up_plugin', 'add');
process.stdout.write(`${addon.call(2, 3)}\n`);

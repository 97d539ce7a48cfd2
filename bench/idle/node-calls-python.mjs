import { interpreter } from 'node-calls-python';
import { printResident } from './resident.mjs';

const module = interpreter.importSync(`${process.argv[2]}/start_up_plugin.py`);
interpreter.callSync(module, 'add', 2, 3);
await printResident();

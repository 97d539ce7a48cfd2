import { interpreter } from 'node-calls-python';

const module = interpreter.importSync(`${process.argv[2]}/start_up_plugin.py`);
process.stdout.write(`${String(interpreter.callSync(module, 'add', 2, 3))}\n`);

import { interpreter } from 'node-calls-python';

const module = interpreter.importSync(`${process.argv[2]}/bench_plugin.py`);
process.stdout.write(`${String(interpreter.callSync(module, 'add', 2, 3))}\n`);

import { readFileSync } from 'node:fs';
import { loadPyodide } from 'pyodide';

const pyodide = await loadPyodide();
pyodide.FS.writeFile('/home/pyodide/start_up_plugin.py', readFileSync(`${process.argv[2]}/start_up_plugin.py`, 'utf8'));
process.stdout.write(`${pyodide.pyimport('start_up_plugin').add(2, 3)}\n`);

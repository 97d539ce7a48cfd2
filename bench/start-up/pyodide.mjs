import { readFileSync } from 'node:fs';
import { loadPyodide } from 'pyodide';

const pyodide = await loadPyodide();
pyodide.FS.writeFile('/home/pyodide/bench_plugin.py', readFileSync(`${process.argv[2]}/bench_plugin.py`, 'utf8'));
process.stdout.write(`${pyodide.pyimport('bench_plugin').add(2, 3)}\n`);

import { parentPort, workerData } from 'node:worker_threads';
import { type FuzzTask, runTarget } from './run-target.ts';
import { targets } from './targets.ts';

const task: FuzzTask = workerData;
const target = targets.find(({ name }) => name === task.target);
if (target === undefined) throw new Error(`There is no target ${task.target}`);
parentPort?.postMessage(await runTarget(target, task));

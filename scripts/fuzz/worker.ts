import { parentPort } from 'node:worker_threads';
import { runTarget, taskOfThisThread } from './run-target.ts';

parentPort?.postMessage(await runTarget(taskOfThisThread()));

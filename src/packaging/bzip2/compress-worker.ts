import { parentPort, workerData } from 'node:worker_threads';
import { Libbzip2 } from './libbzip2.ts';

// A thread that compresses the pieces it is sent, one after the other.
// The code comes along: without the program's options and environment this thread finds no package under Yarn Plug'n'Play.
const libbzip2 = new Libbzip2(workerData);
parentPort?.on('message', (piece: Uint8Array) => {
  const stream = libbzip2.compress(piece);
  parentPort?.postMessage(stream, [stream.buffer as ArrayBuffer]);
});

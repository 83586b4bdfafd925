/** Observes one shard of the calibration images and posts the statistics as JSON. */
import { parentPort, workerData } from 'node:worker_threads';
import { quantizableNet } from './network.js';
import { batchesOf, type Task } from './shards.js';
import { observe } from './statistics.js';

const task = workerData as Task;
parentPort!.postMessage(JSON.stringify(observe(quantizableNet(task.analyzer), batchesOf(task))));

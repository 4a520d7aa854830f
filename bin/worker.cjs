// A worker of a master process, which starts it with the words of its own command line and a channel as descriptor 3.
'use strict';
process.on('SIGUSR1', () => {});

const { load, explain } = require('./boot.cjs');
const { bootThreads } = require('./early-threads.cjs');
const words = process.argv.slice(2);

try {
  const threads = bootThreads(words, { isWorker: true });
  load('sluice-control').work(words, threads);
} catch (error) {
  explain(error);
}

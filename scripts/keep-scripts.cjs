// Preloaded (node --require) into the warm-up run of code-cache.mjs, in all its processes and threads: keeps
// every script that bin/boot.cjs compiles, and when the file <SLUICE_CACHE_NOW> appears writes each one's code cache,
// which then holds the functions that really ran. Nothing of this is in the program itself.
'use strict';
const { existsSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const vm = require('node:vm');
const { threadId } = require('node:worker_threads');

const LOOK_EVERY_MS = 10;
const kept = [];
const { Script } = vm;

vm.Script = class extends Script {
  constructor(source, options) {
    super(source, options);
    kept.push({ script: this, filename: options.filename });
  }
};

function writeCaches() {
  const { cacheHead } = require('../bin/boot.cjs');
  for (const { script, filename } of kept) {
    const head = cacheHead(readFileSync(filename, 'latin1'));
    const path = `${filename}.cache`;
    writeFileSync(
      `${path}.${process.pid}.${threadId}`,
      Buffer.concat([Buffer.from(head, 'latin1'), script.createCachedData()]),
    );
    renameSync(`${path}.${process.pid}.${threadId}`, path);
  }
}

const now = process.env.SLUICE_CACHE_NOW;
const look = setInterval(() => {
  if (!existsSync(now)) return;
  clearInterval(look);
  writeCaches();
}, LOOK_EVERY_MS);
look.unref();
// A command that ends by itself (-vv) leaves its cache on its way out.
process.once('exit', () => {
  if (!existsSync(now)) writeCaches();
});

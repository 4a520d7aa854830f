// One build at a time in a checkout: a second one (a test run beside a developer's) waits for the first.
import { mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const MAX_WAIT_MS = 300_000;
const LOOK_EVERY_MS = 100;

/** Runs <work> while holding the file <path>; a holder that is gone is not waited for. */
export async function withLock(path, work) {
  mkdirSync(dirname(path), { recursive: true });
  const deadlineMs = Date.now() + MAX_WAIT_MS;
  while (!take(path)) {
    if (Date.now() > deadlineMs) throw new Error(`another build holds ${path}; remove it if there is none`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path) {
  try {
    writeSync(openSync(path, 'wx'), String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (!holderLives(path)) rmSync(path, { force: true });
    return false;
  }
}

function holderLives(path) {
  try {
    const pid = Number(readFileSync(path, 'latin1'));
    if (pid > 0) process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

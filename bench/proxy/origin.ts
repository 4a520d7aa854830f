/**
 * The origin behind every candidate: one nginx on the load's CPU with two ports, small answers from its configuration
 * and bodies from a directory in memory. Owns that directory.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Body } from './bodies.ts';
import { originConfigText } from './config-nginx.ts';
import { freePort, pinned } from './machine.ts';
import { RunningProgram, untilAccepting } from './running.ts';

const MEMORY_DIRECTORY = '/dev/shm';

export interface Origin {
  readonly ports: readonly [number, number];
  /** The bytes that a PUT to /store/<name> left, or nothing. */
  stored(name: string): Buffer | undefined;
  stop(): Promise<void>;
}

export const startOrigin = async (
  nginx: string,
  loadCpus: string,
  directory: string,
  bodies: ReadonlyMap<string, Body>,
): Promise<Origin> => {
  const filesDirectory = mkdtempSync(
    join(existsSync(MEMORY_DIRECTORY) ? MEMORY_DIRECTORY : tmpdir(), 'sluice-bench-'),
  );
  mkdirSync(join(filesDirectory, 'store'));
  for (const body of bodies.values()) {
    if (body.file !== '') writeFileSync(join(filesDirectory, body.file), body.bytes);
  }
  const ownDirectory = join(directory, 'origin');
  mkdirSync(ownDirectory);
  const ports = [await freePort(), await freePort()] as const;
  const configPath = join(ownDirectory, 'nginx.conf');
  const smallBody = bodies.get('small')!.bytes.toString('latin1');
  writeFileSync(configPath, originConfigText({ ports, directory: ownDirectory, filesDirectory, smallBody }));
  const command = [nginx, '-e', 'stderr', '-c', configPath];
  const program = new RunningProgram('origin', pinned(loadCpus, command));
  const remove = (): void => rmSync(filesDirectory, { recursive: true, force: true });
  process.once('exit', remove);
  const stop = async (): Promise<void> => {
    await program.stop();
    process.off('exit', remove);
    remove();
  };
  try {
    await untilAccepting(program, ports[0]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ports,
    stop,
    stored: (name) => {
      const path = join(filesDirectory, 'store', name);
      return existsSync(path) ? readFileSync(path) : undefined;
    },
  };
};

/** All scenarios in the order they run, and the file that holds what HAProxy 3.5 said. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bothWaysScenarios } from './both-ways-scenarios.ts';
import { httpClientScenarios } from './http-client-scenarios.ts';
import { httpServerScenarios } from './http-server-scenarios.ts';
import type { Scenario } from './scenario.ts';
import type { Recorded } from './stage.ts';
import { tcpScenarios } from './tcp-scenarios.ts';

export const scenarios: readonly Scenario[] = [
  ...httpClientScenarios,
  ...httpServerScenarios,
  ...tcpScenarios,
  ...bothWaysScenarios,
];

export interface Recording {
  version: string;
  lines: Recorded;
}

export const recordingPath = fileURLToPath(new URL('haproxy-3.5.json', import.meta.url));

export function readRecording(): Recording {
  return JSON.parse(readFileSync(recordingPath, 'utf8')) as Recording;
}

/** `show info`: what the process says of itself, as text, typed lines or JSON. */

import { frontendRecord, readCounter } from '../model/counter-slices.ts';
import type { Counter } from '../model/counters.ts';
import { COUNTERS } from '../model/counters.ts';
import * as abi from '../native/abi.ts';
import { INFO_FIELDS } from './info-fields.ts';
import { INFO_HELP } from './info-help.ts';
import type { StatsSource } from './source.ts';
import { jsonTags } from './stat-views.ts';

const MEGABYTE = 1024 * 1024;

/** `1d 2h03m04s`. */
function uptimeText(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor((seconds % 86400) / 3600);
  return `${days}d ${hours}h${two(Math.floor((seconds % 3600) / 60))}m${two(seconds % 60)}s`;
}

/** A counter summed over all frontends. */
export function frontendTotal(source: StatsSource, column: string): number {
  const counter = COUNTERS.find((one) => one.column === column) as Counter;
  let sum = 0;
  for (const proxy of source.configuration.proxies) {
    if (!proxy.isFrontend) continue;
    sum += readCounter(source.counters, source.layout, frontendRecord(proxy.index), counter, source.nowMs());
  }
  return sum;
}

type Values = Readonly<Record<string, string | number>>;

function identity(source: StatsSource): Values {
  const { facts } = source;
  const uptimeSeconds = Math.floor((Date.now() - facts.startedMs) / 1000);
  return {
    // Tools that read this look for the name they know.
    Name: 'HAProxy',
    Version: facts.version,
    Release_date: facts.releaseDate,
    Nbthread: facts.threads,
    Nbproc: 1,
    Process_num: 1,
    Pid: process.pid,
    Uptime: uptimeText(uptimeSeconds),
    Uptime_sec: uptimeSeconds,
    node: facts.shownHost,
    'Build info': facts.version,
    Start_time_sec: Math.floor(facts.startedMs / 1000),
    BootTime_ms: facts.bootMs(),
    Tainted: '0',
    TotalWarnings: facts.warnings(),
    NbThreadGroups: 1,
  };
}

function limits(source: StatsSource): Values {
  const { facts, live } = source;
  const pool = facts.poolUsage();
  return {
    PoolAlloc_MB: Math.floor(pool.usedBytes / MEGABYTE),
    PoolUsed_MB: Math.floor(pool.usedBytes / MEGABYTE),
    PoolFailed: facts.refusedBuffers(),
    PoolAlloc_bytes: pool.usedBytes,
    PoolUsed_bytes: pool.usedBytes,
    'Ulimit-n': facts.ulimitN,
    Maxsock: facts.maxsock,
    Maxconn: live.words[abi.LIVE_MAXCONN] as number,
    Hard_maxconn: facts.maxconn,
  };
}

function activity(source: StatsSource): Values {
  const { words } = source.live;
  const { rates, facts } = source;
  const current = Atomics.load(words, abi.LIVE_ACTCONN);
  const bytesOut = frontendTotal(source, 'bout');
  return {
    CurrConns: current,
    CumConns: Atomics.load(words, abi.LIVE_CUM_CONN),
    CumReq: Atomics.load(words, abi.LIVE_CUM_REQ),
    ConnRate: rates.connPerSecond,
    MaxConnRate: rates.connPerSecondMax,
    SessRate: rates.connPerSecond,
    MaxSessRate: rates.connPerSecondMax,
    CompressBpsIn: rates.compressedInPerSecond,
    CompressBpsOut: rates.compressedOutPerSecond,
    CompressBpsRateLim: source.configuration.global.maxCompressionRateKb * 1024,
    Idle_pct: facts.idlePercent(),
    Stopping: Atomics.load(words, abi.LIVE_STOPPING) === 0 ? 0 : 1,
    Jobs: current + facts.listeners(),
    Listeners: facts.listeners(),
    TotalBytesOut: bytesOut,
    BytesOutRate: rates.bytesOutPerSecond,
    CurrStreams: current,
    CumStreams: facts.streams(),
    DebugCommandsIssued: source.changed.debugCommands,
    DroppedLogs: facts.droppedLogs(),
    TotalSplicedBytesOut: facts.splicedBytes(),
  };
}

function crashes({ history, changed }: StatsSource): Values {
  const off = [...changed.encoders.values()].filter(({ by }) => by === 'crashes');
  return {
    WorkerCrashes: history.crashes,
    CrashesLast15m: history.crashesLately,
    EncoderCrashes: history.encoderCrashes,
    EncodersOff: off.length,
    CrashesByProxy: history.crashesByProxy,
    LastCrashTime_sec: history.lastCrash?.timeSec ?? 0,
    LastCrashSignal: history.lastCrash?.signal ?? '',
    LastCrashProxy: history.lastCrash?.proxy ?? '',
    LastCrash: history.lastCrash?.text ?? '',
  };
}

function succession({ history, facts }: StatsSource): Values {
  const moved = facts.connectionsMoved();
  return {
    WorkerGeneration: history.generation,
    Reloads: history.reloads,
    FailedReloads: history.failedReloads,
    StaleWorkers: history.staleWorkers,
    StaleWorkerRequests: history.staleRequests,
    ConnsMovedIn: moved.in,
    ConnsMovedOut: moved.out,
    ConnsMoveRefused: moved.refused,
  };
}

/** The fields of `show info` by HAProxy's names. */
export function infoValues(source: StatsSource): Values {
  return {
    ...identity(source),
    ...limits(source),
    ...activity(source),
    ...succession(source),
    ...crashes(source),
  };
}

export type InfoForm = 'text' | 'typed' | 'json';

export interface InfoOptions {
  /** `desc`: each line says what it means. */
  readonly isDescribed: boolean;
  /** `float`: times with their fractions. */
  readonly isExact: boolean;
}

const PLAIN: InfoOptions = { isDescribed: false, isExact: false };
const MICROSECOND_DIGITS = 6;

function exactTimes({ facts }: StatsSource): Values {
  return {
    Uptime_sec: ((Date.now() - facts.startedMs) / 1000).toFixed(MICROSECOND_DIGITS),
    Start_time_sec: (facts.startedMs / 1000).toFixed(MICROSECOND_DIGITS),
  };
}

/** Lines that nothing here counts (TLS, pipes, peers …) are 0: there is none of it. */
export function infoText(source: StatsSource, form: InfoForm, options: InfoOptions = PLAIN): string {
  const values = options.isExact ? { ...infoValues(source), ...exactTimes(source) } : infoValues(source);
  const rows = INFO_FIELDS.map(([name, position, tags, type]) => ({
    name,
    position,
    tags,
    type,
    value: values[name] ?? 0,
    help: options.isDescribed ? `:"${INFO_HELP[name] ?? ''}"` : '',
  }));
  if (form === 'text') return rows.map(({ name, value, help }) => `${name}: ${value}${help}\n`).join('');
  if (form === 'typed') {
    return rows
      .map(
        ({ position, name, tags, type, value, help }) =>
          `${position}.${name}.1:${tags}:${type}:${value}${help}\n`,
      )
      .join('');
  }
  const objects = rows.map(({ position, name, tags, type, value }) => ({
    field: { pos: position, name },
    processNum: 1,
    tags: jsonTags(tags),
    value: { type, value },
  }));
  return `${JSON.stringify(objects)}\n`;
}

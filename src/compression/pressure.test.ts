/** The limits of compression under made-up loads and a made-up clock: when it closes, how it comes back, what it never does. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENCODER_BALANCED, ENCODER_FAST, ENCODER_STORE } from '../native/abi.ts';
import { Pressure } from './pressure.ts';

const STEP_MS = 100;
const RATE = 1_000_000;

/** A process under load, looked at each 100 ms: <bytesPerSecond> and <cpuPercent> of one thread for <seconds>. */
class Load {
  private atMs = 0;
  private bytes = 0;
  private cpuMs = 0;
  readonly pressure: Pressure;
  constructor(pressure: Pressure) {
    this.pressure = pressure;
  }

  run(seconds: number, bytesPerSecond: number, cpuPercent = 0): string[] {
    const states: string[] = [];
    for (let i = 0; i < seconds * 10; i++) {
      this.atMs += STEP_MS;
      this.bytes = (this.bytes + bytesPerSecond / 10) >>> 0;
      this.cpuMs += (cpuPercent * STEP_MS) / 100;
      this.pressure.look(this.atMs, this.bytes, this.cpuMs);
      states.push(`${this.pressure.isClosed ? 'closed' : 'open'} ${this.pressure.most}`);
    }
    return states;
  }
}

const byRate = (): Load => new Load(new Pressure({ bytesPerSecond: RATE, cpuPercent: 100 }, 1));

describe('maxcomprate', () => {
  it('lets pass what is below it', () => {
    expect(new Set(byRate().run(5, RATE * 0.99))).toEqual(new Set([`open ${ENCODER_BALANCED}`]));
  });

  it('closes at once and lowers what runs step by step', () => {
    const load = byRate();
    load.run(2, RATE / 2);
    expect(load.run(1, RATE * 4)).toContain(`closed ${ENCODER_FAST}`);
    expect(load.pressure.most).toBe(ENCODER_STORE);
  });

  it('opens again after quiet seconds, one step each', () => {
    const load = byRate();
    load.run(1, RATE * 4);
    const states = load.run(6, 0);
    expect([...new Set(states)]).toEqual([
      `closed ${ENCODER_STORE}`,
      `closed ${ENCODER_FAST}`,
      `closed ${ENCODER_BALANCED}`,
      `open ${ENCODER_BALANCED}`,
    ]);
    expect(states.indexOf(`closed ${ENCODER_FAST}`)).toBeGreaterThanOrEqual(10);
  });

  it('does not swing just below the limit', () => {
    const load = byRate();
    load.run(1, RATE * 4);
    load.run(2, RATE * 0.95);
    expect(new Set(load.run(10, RATE * 0.95))).toEqual(new Set([`closed ${ENCODER_STORE}`]));
  });

  it('counts on when the counter of bytes turns over', () => {
    const pressure = new Pressure({ bytesPerSecond: RATE, cpuPercent: 100 }, 1);
    pressure.look(0, 0xffff_ffff, 0);
    pressure.look(1000, RATE / 2, 0);
    expect(pressure.isClosed).toBe(false);
  });
});

describe('maxcompcpuusage', () => {
  it('is a share of all threads', () => {
    const two = new Load(new Pressure({ bytesPerSecond: 0, cpuPercent: 60 }, 2));
    two.run(3, 0, 100);
    expect(two.pressure.isClosed).toBe(false);
    two.run(3, 0, 130);
    expect(two.pressure.isClosed).toBe(true);
  });

  it('0: never', () => {
    const load = new Load(new Pressure({ bytesPerSecond: 0, cpuPercent: 0 }, 1));
    load.run(2, 0, 1);
    expect(load.pressure.isClosed).toBe(true);
  });
});

it('whatever the load: closed only after a limit was passed, never a step beyond the ends, quiet opens in the end', () => {
  const piece = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 3 * RATE }));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const load = byRate();
      for (const [seconds, rate] of pieces) {
        load.run(seconds, rate);
        expect(load.pressure.most).toBeGreaterThanOrEqual(ENCODER_STORE);
        expect(load.pressure.most).toBeLessThanOrEqual(ENCODER_BALANCED);
      }
      if (pieces.every(([, rate]) => rate < RATE)) expect(load.pressure.isClosed).toBe(false);
      load.run(6, 0);
      expect([load.pressure.isClosed, load.pressure.most]).toEqual([false, ENCODER_BALANCED]);
    }),
  );
});

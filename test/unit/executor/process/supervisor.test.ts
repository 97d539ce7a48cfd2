import { describe, expect, it } from 'vitest';
import { toProcessSettings } from '../../../../src/executor/process/process-options.ts';
import { Supervisor } from '../../../../src/executor/process/supervisor.ts';

/** A supervisor with a clock that the test moves, and the longest delays that jitter allows. */
function create(restart = {}) {
  const clock = { now: 0 };
  const { restart: policy } = toProcessSettings({ restart });
  return {
    clock,
    supervisor: new Supervisor(
      policy,
      () => clock.now,
      () => 1,
    ),
  };
}

describe('a supervisor', () => {
  it('doubles the delay with each crash, up to the maximum', () => {
    const { supervisor } = create({ maxCrashes: 20, maxDelayMs: 1000 });

    const delays = Array.from({ length: 6 }, () => supervisor.crashed());

    expect(delays).toEqual([100, 200, 400, 800, 1000, 1000]);
    expect(supervisor).toMatchObject({ state: 'dead', crashes: 6 });
  });

  it('shortens delays at random, so that processes do not start at the same time', () => {
    const { restart } = toProcessSettings();
    const supervisor = new Supervisor(
      restart,
      () => 0,
      () => 0,
    );

    expect(supervisor.crashed()).toBe(75);
  });

  it('fails at the fifth crash within a minute', () => {
    const { clock, supervisor } = create();

    const delays = Array.from({ length: 5 }, () => {
      clock.now += 10_000;
      return supervisor.crashed();
    });

    expect(delays).toEqual([100, 200, 400, 800, undefined]);
    expect(supervisor.state).toBe('failed');
  });

  it('forgets crashes after half a minute without one', () => {
    const { clock, supervisor } = create();

    for (let times = 0; times < 4; times += 1) supervisor.crashed();
    clock.now += 30_000;

    expect(supervisor.crashed()).toBe(100);
    expect(supervisor.state).toBe('dead');
  });

  it('counts no crash that is older than a minute', () => {
    const { clock, supervisor } = create();

    const delays = Array.from({ length: 8 }, () => {
      clock.now += 25_000;
      return supervisor.crashed();
    });

    expect(delays).toEqual([100, 200, 400, 400, 400, 400, 400, 400]);
  });

  it('never starts a process again with `restart: false`', () => {
    const { restart } = toProcessSettings({ restart: false });
    const supervisor = new Supervisor(restart, () => 0);

    expect(supervisor.crashed()).toBeUndefined();
    expect(supervisor.state).toBe('failed');
  });

  it('starts a process again at once that the host has terminated, and does not count that', () => {
    const { supervisor } = create();

    for (let times = 0; times < 10; times += 1) expect(supervisor.terminated()).toBe(0);

    expect(supervisor).toMatchObject({ state: 'dead', crashes: 0 });
  });

  it('goes through its states', () => {
    const { supervisor } = create();
    const states: string[] = [supervisor.state];
    const step = (body: () => unknown) => {
      body();
      states.push(supervisor.state);
    };

    step(() => supervisor.ready());
    step(() => supervisor.crashed());
    step(() => supervisor.restarting());
    step(() => supervisor.ready());
    step(() => supervisor.draining());
    step(() => supervisor.closed());

    expect(states).toEqual(['starting', 'ready', 'dead', 'starting', 'ready', 'draining', 'dead']);
    expect(supervisor.restarts).toBe(1);
  });
});

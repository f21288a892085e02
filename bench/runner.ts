// Goes through the measurements round by round. A round takes both servers in turn, and the next
// one the other way round, so that a machine that warms up or is shared favours nobody.
import { performance } from 'node:perf_hooks';
import type { Measurement, Outcome } from './measurements.ts';
import type { Failure, Sample } from './results.ts';
import { Scene, type ServerName } from './scene.ts';

export interface Plan {
  readonly measurements: readonly Measurement[];
  readonly servers: readonly ServerName[];
  readonly rounds: number;
  readonly seconds: number;
  readonly quick: boolean;
  /** After the first round none is begun that would last beyond that. */
  readonly budgetMs: number;
  readonly commit: string;
  readonly progress: (line: string) => void;
}

/** One measurement of one server in one round. */
export interface Turn {
  readonly measurement: Measurement;
  readonly server: ServerName;
  readonly round: number;
}

/** All turns of a round, in order. */
export function turnsOf(
  { measurements, servers }: Pick<Plan, 'measurements' | 'servers'>,
  round: number,
): Turn[] {
  const order = round % 2 === 0 ? servers : servers.toReversed();
  return measurements
    .filter(({ maxRounds = Infinity }) => round < maxRounds)
    .flatMap((measurement) =>
      order
        .filter((server) => measurement.servers.includes(server))
        .map((server) => ({ measurement, server, round })),
    );
}

export async function runAll(
  plan: Plan,
): Promise<{ readonly samples: Sample[]; readonly failures: Failure[] }> {
  const samples: Sample[] = [];
  const failures: Failure[] = [];
  const began = performance.now();
  let longestRoundMs = 0;
  for (let round = 0; round < plan.rounds; round += 1) {
    const roundBegan = performance.now();
    if (round > 0 && roundBegan - began + longestRoundMs > plan.budgetMs) break;
    for (const turn of turnsOf(plan, round)) {
      const elapsed = Math.round((performance.now() - began) / 1000);
      const { name } = turn.measurement;
      plan.progress(`${elapsed} s, round ${round + 1} of ${plan.rounds}: ${name}, ${turn.server}`);
      const facts = { ...{ measurement: name, server: turn.server, round, commit: plan.commit } };
      const date = new Date().toISOString();
      const outcome = await takeTurn(plan, turn);
      if (typeof outcome === 'string') {
        plan.progress(`FAILED: ${name}, ${turn.server}: ${outcome}`);
        failures.push({ ...facts, date, reason: outcome.split('\n')[0] ?? '' });
      } else {
        samples.push({ ...facts, date, ...outcome });
      }
    }
    longestRoundMs = Math.max(longestRoundMs, performance.now() - roundBegan);
  }
  return { samples, failures };
}

/** Why it failed, when it did: the others go on. */
async function takeTurn(
  { seconds, quick }: Plan,
  { measurement, server }: Turn,
): Promise<Outcome | string> {
  const scenes: Scene[] = [];
  try {
    const outcome = await measurement.take({
      ...{ server, seconds, quick },
      open: async (options) => {
        const scene = await Scene.open(server, options);
        scenes.push(scene);
        return scene;
      },
    });
    return { ...outcome, figures: roundFigures(outcome.figures) };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    for (const scene of scenes.toReversed()) await scene.close();
  }
}

/** More digits than five would only pretend. Not a number means a mistake of ours. */
function roundFigures(figures: Outcome['figures']): Outcome['figures'] {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => {
      if (!Number.isFinite(value)) throw new RangeError(`${name} is ${value}`);
      return [name, Number(value.toPrecision(5))];
    }),
  );
}

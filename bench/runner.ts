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
  /** After the first round nothing is begun that would last beyond that. */
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

/** All turns of a round in order, those of one measurement together. */
export function turnsOf(
  { measurements, servers }: Pick<Plan, 'measurements' | 'servers'>,
  round: number,
): Turn[][] {
  const order = round % 2 === 0 ? servers : servers.toReversed();
  return measurements
    .filter(({ maxRounds = Infinity }) => round < maxRounds)
    .map((measurement) =>
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
  /** How long the turns of a measurement took in the round before. */
  const lasted = new Map<string, number>();
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const turns of turnsOf(plan, round)) {
      const since = performance.now();
      const name = turns[0]?.measurement.name ?? '';
      if (round > 0 && since - began + (lasted.get(name) ?? 0) > plan.budgetMs) continue;
      for (const turn of turns) {
        const seconds = Math.round((performance.now() - began) / 1000);
        const where = `round ${round + 1} of ${plan.rounds}`;
        plan.progress(`${seconds} s, ${where}: ${name}, ${turn.server}`);
        const result = await takeTurn(plan, turn);
        if ('figures' in result) {
          samples.push(result);
        } else {
          plan.progress(`FAILED: ${name}, ${turn.server}: ${result.reason}`);
          failures.push({ ...result, reason: result.reason.split('\n')[0] ?? '' });
        }
      }
      lasted.set(name, performance.now() - since);
    }
  }
  return { samples, failures };
}

/** A failure does not keep the others from being measured. */
async function takeTurn(
  plan: Plan,
  { measurement, server, round }: Turn,
): Promise<Sample | Failure> {
  const { seconds, quick, commit } = plan;
  const date = new Date().toISOString();
  const facts = { measurement: measurement.name, server, round, date, commit };
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
    return { ...facts, ...outcome, figures: roundFigures(outcome.figures) };
  } catch (error) {
    return { ...facts, reason: error instanceof Error ? error.message : String(error) };
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

// Property tests take a new random seed at each run, but the same one in CI, so that what passed
// there passes again. FC_SEED=… repeats a run: fast-check prints the seed of a failure.
import process from 'node:process';
import fc from 'fast-check';

const given = process.env.FC_SEED ?? (process.env.CI === 'true' ? '20261121' : undefined);
if (given !== undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(given) });

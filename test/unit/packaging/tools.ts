// Tools of the distribution that examine what is made for it.
import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';

/** Whether the tool is there. Where everything must be (CI=true), its absence is a failure. */
export function requireTool(t: TestContext, name: string): boolean {
  const { error } = spawnSync(name, ['--version'], { stdio: 'ignore' });
  if (error === undefined) return true;
  if (process.env['CI'] === 'true') throw new Error(`${name} is not installed`);
  t.skip(`${name} is not installed`);
  return false;
}

/** stdout and stderr together. */
export function runTool(
  name: string,
  args: readonly string[],
): { code: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(name, args, { encoding: 'utf8', timeout: 30_000 });
  return { code: status, output: stdout + stderr };
}

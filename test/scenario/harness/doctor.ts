// `wolfguard doctor` on a host of the lab.
import { fileURLToPath } from 'node:url';
import type { CheckId, Finding } from '../../../cli/doctor/finding.ts';
import type { Host } from './host.ts';

const WOLFGUARD = fileURLToPath(new URL('../../../cli/wolfguard.ts', import.meta.url));

export class Diagnosis {
  readonly exitCode: number | null;
  readonly findings: readonly Finding[];

  private constructor(exitCode: number | null, findings: readonly Finding[]) {
    this.exitCode = exitCode;
    this.findings = findings;
  }

  /** `wrapper`: a command in front of it that becomes it. */
  static of(host: Host, config: string, wrapper: readonly string[] = []): Diagnosis {
    const doctor = [process.execPath, WOLFGUARD, 'doctor', '--json', '-c', config];
    const [program = '', ...args] = [...wrapper, ...doctor];
    const { code, stdout, stderr } = host.try(program, args);
    if (stdout === '') throw new Error(`doctor said nothing:\n${stderr}`);
    const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] };
    return new Diagnosis(code, findings);
  }

  /** "level: what → mend" of each finding of a check. */
  of(id: CheckId): string {
    return this.findings
      .filter((finding) => finding.id === id)
      .map(({ level, what, mend }) => `${level}: ${what}${mend === null ? '' : ` → ${mend}`}`)
      .join('\n');
  }

  /** What is wrong, as "id: what". */
  get problems(): string[] {
    return this.findings
      .filter(({ level }) => level === 'problem')
      .map(({ id, what }) => `${id}: ${what}`);
  }
}

// What the kernel says about processes: their children, their CPU time, memory and descriptors.
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ of Linux on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

interface Stat {
  readonly state: string;
  readonly parent: number;
  /** User and system time of the process itself, without its children. */
  readonly cpuSeconds: number;
}

/** Undefined when there is no such process. */
export function readStat(pid: number): Stat | undefined {
  const text = readQuietly(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The name in parentheses may hold anything, also spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    state: fields[0] ?? '?',
    parent: Number(fields[1]),
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
  };
}

/** Every thread of the process, by name, with its nice value and scheduling policy (1: FIFO). */
export function threadsOf(
  pid: number,
): readonly { readonly name: string; readonly nice: number; readonly policy: number }[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((tid) => {
    const text = readQuietly(`/proc/${pid}/task/${tid}/stat`);
    if (text === undefined) return [];
    const end = text.lastIndexOf(')');
    const fields = text.slice(end + 2).split(' ');
    const name = text.slice(text.indexOf('(') + 1, end);
    return [{ name, nice: Number(fields[16]), policy: Number(fields[38]) }];
  });
}

/** A zombie is not alive. */
export function isAlive(pid: number): boolean {
  const stat = readStat(pid);
  return stat !== undefined && stat.state !== 'Z';
}

/** The process and all its descendants that live now. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const stat = Number.isInteger(pid) ? readStat(pid) : undefined;
    if (stat === undefined) continue;
    children.set(stat.parent, [...(children.get(stat.parent) ?? []), pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree.filter(isAlive);
}

/** CPU seconds used so far by the process and all its living descendants. */
export function cpuSecondsOf(root: number): number {
  return processTree(root).reduce((sum, pid) => sum + (readStat(pid)?.cpuSeconds ?? 0), 0);
}

/** Number of open descriptors; 0 when the process is gone. */
export function descriptorsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

/** Proportional set size in KiB: shared pages are split among those who share them. */
export function pssKibOf(pid: number): number {
  const text = readQuietly(`/proc/${pid}/smaps_rollup`) ?? '';
  return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
}

/** Resident set size in KiB. */
export function rssKibOf(pid: number): number {
  const text = readQuietly(`/proc/${pid}/status`) ?? '';
  return Number(/^VmRSS:\s+(\d+)/m.exec(text)?.[1] ?? 0);
}

function readQuietly(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

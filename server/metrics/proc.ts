// What the kernel knows of our processes and of the TUN device.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { descriptorLimit } from '../descriptors.ts';

export interface ProcessFacts {
  readonly residentBytes: number;
  /** undefined where it may not be seen. */
  readonly openDescriptors: number | undefined;
  /** Infinity where there is no limit. */
  readonly maxDescriptors: number;
}

/** undefined when it is gone. */
export function processFacts(pid: number, root = '/proc'): ProcessFacts | undefined {
  const status = readQuietly(`${root}/${pid}/status`);
  const resident = /^VmRSS:\s+(\d+) kB/m.exec(status ?? '')?.[1];
  if (resident === undefined) return undefined;
  return {
    residentBytes: Number(resident) * 1024,
    openDescriptors: openDescriptors(`${root}/${pid}/fd`),
    maxDescriptors: descriptorLimit(readQuietly(`${root}/${pid}/limits`) ?? ''),
  };
}

/** What the kernel has dropped at a network device; undefined where there is none of that name. */
export function deviceDrops(
  device: string,
  root = '/sys/class/net',
): { readonly received: number; readonly sent: number } | undefined {
  const read = (name: string): number =>
    Number(readQuietly(`${root}/${device}/statistics/${name}`) ?? NaN);
  // The device receives what we write into it, and sends what we read.
  const [received, sent] = [read('rx_dropped'), read('tx_dropped')];
  return Number.isNaN(received + sent) ? undefined : { received, sent };
}

/** Linux 6.2 and later count for us; before, 10,000 names are read. */
function openDescriptors(folder: string): number | undefined {
  try {
    const { size } = statSync(folder);
    return size > 0 ? size : readdirSync(folder).length;
  } catch {
    return undefined;
  }
}

function readQuietly(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

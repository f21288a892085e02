import { rmSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { WolfguardError } from '../../core/error.ts';

/** As ocserv writes it: the number alone, over whatever was there. Throws WolfguardError. */
export function writePidFile(file: string): void {
  try {
    writeFileSync(file, String(process.pid));
  } catch (error) {
    throw new WolfguardError(
      'PID_FILE',
      `cannot open pid file '${file}': ${(error as Error).message}`,
    );
  }
}

/** No complaint where somebody was faster. */
export function removePidFile(file: string): void {
  rmSync(file, { force: true });
}

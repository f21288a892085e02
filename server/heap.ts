import v8 from 'node:v8';

/**
 * Keeps the young part of this process's heap at its first size (1 MiB a half): what a burst of
 * logins leaves behind would let it grow to 64 MiB, for good. For a process that runs already; one
 * that we start gets the same by an option (fork.ts).
 */
export function keepYoungHeapSmall(): void {
  v8.setFlagsFromString('--semi-space-growth-factor=1');
}

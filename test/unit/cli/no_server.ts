// What wolfctl is made of where only its command line is looked at.
import type { WolfctlComponents } from '../../../cli/wolfctl/program.ts';

export const NO_SERVER: WolfctlComponents = {
  ask: () => Promise.reject(new Error('nobody is asked')),
  follow: () => {
    throw new Error('nobody is asked');
  },
  write: () => undefined,
  drained: () => Promise.resolve(),
  interruption: () => new AbortController().signal,
  defaultSocketPath: () => '/nonexistent',
  now: () => 0,
  version: '0',
};

// How exact and how fair the rate limits are: docs/policy.md has the figures.
//
//   node bench/limits.ts fair LIMIT down|up rtt|udp [CONGESTION]     several flows of one user
//   node bench/limits.ts exact LIMIT dtls|tls down|up tcp|udp        one flow, through the load client
import process from 'node:process';
import { exact } from './limits/exact.ts';
import { fair } from './limits/fair.ts';

const [what = '', ...rest] = process.argv.slice(2);
if (what === 'fair') await fair(rest);
else if (what === 'exact') await exact(rest);
else {
  console.error('see the first lines of bench/limits.ts');
  process.exitCode = 2;
}

import { limitedTcp } from './harness/limited_tcp.ts';

limitedTcp(50, true);
limitedTcp(500, false);

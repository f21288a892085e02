import { limitedTcp } from './harness/limited_tcp.ts';

// Little for the machine, but it takes its time: not among those that go alone.
limitedTcp(1, true);

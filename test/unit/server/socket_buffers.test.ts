import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UDP_BUFFER_BYTES, growSocketBuffers } from '../../../server/socket_buffers.ts';

const SMALL = 212_992;
const SOCKETS = [20, 21, 30, 31];

test('where sockets may grow beyond the bounds, the bounds stay and nothing is said', () => {
  const machine = grow({ bound: UDP_BUFFER_BYTES });
  assert.deepEqual(machine, { grown: SOCKETS, raised: [], warnings: [] });
});

test('where they may not, the bounds are raised and the sockets grow', () => {
  const { raised, warnings } = grow({ bound: SMALL, mayRaise: true });
  assert.deepEqual(raised, [UDP_BUFFER_BYTES]);
  assert.deepEqual(warnings, []);
});

test('with engine.raise_buffers off the bounds stay, and the operator reads the line to run', () => {
  const { raised, warnings } = grow({ bound: SMALL, mayRaise: true, raiseBounds: false });
  assert.deepEqual(raised, []);
  assert.match(
    warnings.join('\n'),
    /^the UDP socket buffers are small .* run "sysctl -w net\.core\.rmem_max=8388608 net\.core\.wmem_max=8388608"$/,
  );
});

test('bounds that cannot be raised are one warning', () => {
  const { raised, warnings } = grow({ bound: SMALL, mayRaise: false });
  assert.deepEqual(raised, [UDP_BUFFER_BYTES]);
  assert.equal(warnings.length, 1);
});

interface Kernel {
  /** The most that a socket gets at first. */
  readonly bound: number;
  readonly mayRaise?: boolean;
  readonly raiseBounds?: boolean;
}

function grow({ bound, mayRaise = false, raiseBounds = true }: Kernel) {
  const grown: number[] = [];
  const raised: number[] = [];
  const warnings: string[] = [];
  let limit = bound;
  growSocketBuffers(
    {
      system: {
        growBuffers: (fd, bytes) => {
          if (bytes <= limit) grown.push(fd);
          return Math.min(bytes, limit);
        },
      },
      logger: { warn: (_line: object, message: string) => void warnings.push(message) },
      raise: (bytes) => {
        raised.push(bytes);
        if (mayRaise) limit = bytes;
        return mayRaise ? [] : ['net.core.rmem_max could not be set'];
      },
    },
    SOCKETS,
    raiseBounds,
  );
  return { grown, raised, warnings };
}

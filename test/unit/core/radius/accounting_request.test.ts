import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountingRecord } from '../../../../core/ipc/auth.ts';
import { accountingRequest } from '../../../../core/radius/accounting_request.ts';
import { NAME, readInteger, readText, valuesOf } from '../../../../core/radius/attributes.ts';
import { encodePacket } from '../../../../core/radius/packet.ts';
import type { AttributeName } from '../../../../core/radius/attributes.ts';

const AT = 1_700_000_000_000;
const record: AccountingRecord = {
  event: 'stop',
  at: AT,
  id: 'abc123',
  vhost: '',
  user: 'alice',
  group: 'staff',
  peer: { address: '2001:db8::7', port: 4000 },
  userAgent: 'Open AnyConnect VPN Agent v9.01',
  inside4: '10.77.0.5',
  inside6: 'fd00:77::5',
  durationMs: 3_600_999,
  traffic: {
    rxBytes: 5 * 2 ** 32 + 7,
    rxPackets: 11,
    txBytes: 2 ** 32 - 1,
    txPackets: 2 ** 32 + 3,
  },
  cause: 'idle-timeout',
  attributes: { backend: 'radius', interimMs: null, classes: ['00ff', '6974'] },
};

test('a stop tells time, octets with gigawords, packets and the cause [rfc2866 5, rfc2869 5]', () => {
  const told = teller(record, AT + 2_500);
  assert.equal(told(NAME.acctStatusType), 2);
  assert.equal(told(NAME.acctSessionTime), 3600);
  assert.deepEqual([told(NAME.acctInputOctets), told(NAME.acctInputGigawords)], [7, 5]);
  assert.deepEqual([told(NAME.acctOutputOctets), told(NAME.acctOutputGigawords)], [2 ** 32 - 1, 0]);
  assert.deepEqual([told(NAME.acctInputPackets), told(NAME.acctOutputPackets)], [11, 3]);
  assert.equal(told(NAME.acctTerminateCause), 4);
  assert.equal(told(NAME.eventTimestamp), AT / 1000);
  assert.equal(told(NAME.acctDelayTime), 2);
});

test('who and where: user, session, client, addresses inside, Class unchanged', () => {
  const attributes = accountingRequest(record, 'wolfguard', AT);
  const text = (name: AttributeName): string[] => valuesOf(attributes, name).map(readText);
  assert.deepEqual(text(NAME.userName), ['alice']);
  assert.deepEqual(text(NAME.acctSessionId), ['abc123']);
  assert.deepEqual(text(NAME.callingStationId), ['2001:db8::7']);
  assert.deepEqual(text(NAME.nasIdentifier), ['wolfguard']);
  const hex = (name: AttributeName): string[] =>
    valuesOf(attributes, name).map((value) => Buffer.from(value).toString('hex'));
  assert.deepEqual(hex(NAME.class), ['00ff', '6974']);
  assert.deepEqual(hex(NAME.framedIpAddress), ['0a4d0005']);
  assert.deepEqual(hex(NAME.framedIpv6Address), ['fd000077000000000000000000000005']);
});

test('more Class than a packet holds is cut at a whole value', () => {
  const classes = Array.from({ length: 15 }, () => 'ff'.repeat(253));
  const attributes = { backend: 'radius', interimMs: null, classes };
  const wide = { ...record, user: 'u'.repeat(300), userAgent: 'a'.repeat(300), attributes };
  const request = accountingRequest(wide, 'n'.repeat(300), AT);
  assert.equal(valuesOf(request, NAME.class).length, 10);
  encodePacket({ code: 4, identifier: 0, authenticator: new Uint8Array(16), attributes: request });
});

test('a start has used nothing and ended for no cause', () => {
  const told = teller({ ...record, event: 'start', cause: null, inside6: null }, AT - 10_000);
  assert.equal(told(NAME.acctStatusType), 1);
  for (const name of [NAME.acctSessionTime, NAME.acctInputOctets, NAME.acctTerminateCause]) {
    assert.equal(told(name), undefined);
  }
  assert.equal(told(NAME.acctDelayTime), 0, 'a clock that was set back');
});

test('ends have the causes that servers know [oc 10.1]', () => {
  const causes = (
    [
      'user-disconnect',
      'logout',
      'lost',
      'dpd-timeout',
      'expired',
      'session-timeout',
      'admin',
    ] as const
  ).map((cause) => teller({ ...record, cause }, AT)(NAME.acctTerminateCause));
  assert.deepEqual(causes, [1, 1, 2, 2, 2, 5, 6]);
});

function teller(of: AccountingRecord, now: number): (name: AttributeName) => number | undefined {
  const attributes = accountingRequest(of, 'wolfguard', now);
  return (name) => {
    const [value] = valuesOf(attributes, name);
    return value && readInteger(value);
  };
}

// What the server's answer to CONNECT says about the tunnel [oc 5.4].
import { Buffer } from 'node:buffer';
import { header, type Answer } from './http.ts';
import { ipv4ToNumber, numberToIpv4 } from './options.ts';

export interface TunnelTerms {
  readonly inside4?: string;
  readonly inside6?: string;
  readonly mtu: number;
  readonly dpdMs: number;
  readonly keepaliveMs: number;
  /** Absent: no DTLS by pre-shared key. */
  readonly appId?: Uint8Array;
  readonly dtlsPort?: number;
}

/** A sentence when the answer lacks what a client needs. */
export function parseTerms(answer: Answer): TunnelTerms | string {
  const addresses = answer.headers.filter(([name]) => name.startsWith('x-cstp-address'));
  const inside4 = addresses.find(([, value]) => !value.includes(':'))?.[1];
  const inside6 = addresses.find(([, value]) => value.includes(':'))?.[1].replace(/\/.*/, '');
  const mtu = Number(header(answer, 'x-cstp-mtu') ?? header(answer, 'x-dtls-mtu'));
  if (inside4 === undefined && inside6 === undefined) return 'no inside address';
  if (!Number.isInteger(mtu) || mtu < 576) return 'no MTU';
  return {
    ...(inside4 === undefined ? {} : { inside4 }),
    ...(inside6 === undefined ? {} : { inside6 }),
    mtu,
    dpdMs: seconds(header(answer, 'x-cstp-dpd')),
    keepaliveMs: seconds(header(answer, 'x-cstp-keepalive')),
    ...dtlsTerms(answer),
  };
}

function dtlsTerms(answer: Answer): Pick<TunnelTerms, 'appId' | 'dtlsPort'> {
  const appId = header(answer, 'x-dtls-app-id') ?? '';
  const dtlsPort = Number(header(answer, 'x-dtls-port'));
  const suite = header(answer, 'x-dtls-ciphersuite');
  if (suite !== 'PSK-NEGOTIATE' || !/^[0-9a-fA-F]{64}$/.test(appId) || !(dtlsPort > 0)) return {};
  return { appId: Buffer.from(appId, 'hex'), dtlsPort };
}

/** The first address of the inside network, where both servers answer; '' when unknown. */
export function gatewayOf(answer: Answer): string {
  const address = header(answer, 'x-cstp-address') ?? '';
  const mask = header(answer, 'x-cstp-netmask') ?? '';
  if (!/^[\d.]+$/.test(address) || !/^[\d.]+$/.test(mask)) return '';
  const size = 2 ** 32 - ipv4ToNumber(mask);
  return numberToIpv4(Math.floor(ipv4ToNumber(address) / size) * size + 1);
}

const seconds = (text: string | undefined): number => {
  const value = Number(text ?? 0);
  return Number.isFinite(value) && value > 0 ? Math.min(value, 1e6) * 1000 : 0;
};

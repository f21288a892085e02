// What clients will think of the certificates. Mistakes that keep the server from starting are
// found with the configuration (judge_server.ts).
import type { X509Certificate } from 'node:crypto';
import type { EpochMs } from '../../core/units.ts';
import { hasEnded, termWarning } from '../../core/x509/term.ts';
import type { Term } from '../../core/x509/term.ts';
import { ok, problem, warning } from './finding.ts';
import type { CheckId, Finding } from './finding.ts';

export interface CertificateFacts {
  readonly hosts: readonly {
    /** '' = the main server, whose name the configuration does not say. */
    readonly name: string;
    readonly certificates: readonly ServedChain[];
  }[];
  readonly terms: readonly Term[];
  /** Sentences of certs/ about what is odd. */
  readonly remarks: readonly string[];
  /** Subjects of authorities that this machine trusts, as X509Certificate writes them. */
  readonly trusted: ReadonlySet<string>;
  readonly now: EpochMs;
}

/** As it is sent: the leaf first, each issuer behind what it issued. */
export interface ServedChain {
  readonly path: string;
  readonly chain: readonly X509Certificate[];
}

export function judgeCertificates({
  hosts,
  terms,
  remarks,
  trusted,
  now,
}: CertificateFacts): Finding[] {
  const found = [
    ...terms.flatMap((term) => judgeTerm(term, now)),
    ...remarks.map((remark) =>
      warning(
        'certificate',
        remark,
        "put the server's own certificate first, each issuer behind what it issued",
      ),
    ),
    ...hosts.flatMap(({ name, certificates }) =>
      certificates.flatMap((served) => [
        ...judgeChain(served, trusted),
        ...judgeName(name, served),
      ]),
    ),
  ];
  const distinct = found.filter(
    ({ what }, index) => found.findIndex((other) => other.what === what) === index,
  );
  const sound = hosts
    .flatMap(({ certificates }) => certificates)
    .filter(({ path }) => !distinct.some(({ what }) => what.includes(path)));
  return [...new Map(sound.map((served) => [served.path, served])).values()]
    .map((served) => describe(served))
    .concat(distinct);
}

const IDS: Readonly<Record<Term['what'], CheckId>> = {
  certificate: 'certificate',
  'revocation list': 'revocation-list',
  'OCSP response': 'ocsp-response',
};

/** What has ended or not begun was found with the configuration, but for the beginning. */
function judgeTerm(term: Term, now: EpochMs): Finding[] {
  const sentence = termWarning(term, now);
  if (sentence === undefined || hasEnded(term, now)) return [];
  const [what = sentence, mend = 'renew it'] = sentence.split('; ');
  return [(now < term.from ? problem : warning)(IDS[term.what], what, mend)];
}

/** Clients have the roots and nothing between: what is missing there, most of them do not fetch. */
function judgeChain({ path, chain }: ServedChain, trusted: ReadonlySet<string>): Finding[] {
  const last = chain.at(-1);
  if (last === undefined || last.issuer === last.subject || trusted.has(last.issuer)) return [];
  const where = /CA Issuers - URI:(\S+)/.exec(last.infoAccess ?? '')?.[1];
  // An authority of one's own has no such place: its clients have its certificate, or a pin.
  if (where === undefined) return [];
  const what = `${path} lacks the certificate of its issuer (${oneLine(last.issuer)}): clients refuse it`;
  return [
    problem(
      'certificate',
      what,
      `add it behind the others: curl ${where} | openssl x509 -inform DER >> ${path}`,
    ),
  ];
}

function judgeName(name: string, { path, chain }: ServedChain): Finding[] {
  const [leaf] = chain;
  if (leaf === undefined) return [];
  if (leaf.subjectAltName === undefined) {
    const what = `${path} bears no name or address (subjectAltName): clients refuse it`;
    return [problem('certificate', what, 'have it issued for the name that clients ask for')];
  }
  if (name === '' || leaf.checkHost(name) !== undefined) return [];
  const what = `${path} is not for ${name} but for ${leaf.subjectAltName}`;
  return [problem('certificate', what, `name a certificate for ${name} in vhost.tls.certificate`)];
}

function describe({ path, chain }: ServedChain): Finding {
  const [leaf] = chain;
  const until = leaf === undefined ? '' : leaf.validToDate.toISOString().slice(0, 10);
  return ok('certificate', `${path} is for ${leaf?.subjectAltName ?? 'nobody'}, until ${until}`);
}

const oneLine = (name: string): string => name.replaceAll('\n', ', ');

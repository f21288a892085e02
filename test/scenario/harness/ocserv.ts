// Debian's ocserv on the lab's server host: what the harness itself was tried against, and what
// the bench measures beside wolfguard.
import { writeFileSync } from 'node:fs';
import { writeAccounts, type Account } from './accounts.ts';
import { PORT, type Lab } from './lab.ts';
import type { Program } from './program.ts';
import { eventually } from './wait.ts';

export class Ocserv {
  readonly program: Program;
  readonly inside4 = '10.77.0.1';
  readonly inside6 = 'fd00:77::1';

  private constructor(program: Program) {
    this.program = program;
  }

  static async start(lab: Lab, accounts: readonly Account[]): Promise<Ocserv> {
    writeAccounts(lab.file('ocserv.passwd'), accounts);
    writeFileSync(lab.file('ocserv.conf'), configuration(lab));
    const program = lab.server.spawn('ocserv', ['-f', '-c', lab.file('ocserv.conf')]);
    lab.onClose(() => program.stop());
    await eventually('ocserv listens', 10_000, () => {
      if (!program.running) throw new Error(program.output);
      return lab.server.run('ss', ['-Hltn', `sport = :${PORT}`]).includes('LISTEN');
    });
    return new Ocserv(program);
  }
}

/** Priorities pin AES-256-GCM on both channels, as wolfguard and openconnect agree on anyway. */
function configuration(lab: Lab): string {
  return `
auth = "plain[passwd=${lab.file('ocserv.passwd')}]"
tcp-port = ${PORT}
udp-port = ${PORT}
run-as-user = nobody
run-as-group = nogroup
socket-file = ${lab.file('ocserv-socket')}
occtl-socket-file = ${lab.file('occtl.socket')}
use-occtl = true
server-cert = ${lab.certificate.certificatePath}
server-key = ${lab.certificate.keyPath}
tls-priorities = "NORMAL:-CIPHER-ALL:+AES-256-GCM:-VERS-TLS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:+VERS-DTLS1.2"
isolate-workers = true
max-clients = 0
max-same-clients = 0
rate-limit-ms = 0
max-ban-score = 0
keepalive = 300
dpd = 60
cookie-timeout = 300
rekey-time = 172800
rekey-method = new-tunnel
use-utmp = false
device = vpns
predictable-ips = true
ipv4-network = 10.77.0.0/16
ipv6-network = fd00:77::/64
route = 10.77.0.0/255.255.0.0
route = fd00:77::/64
ping-leases = false
dtls-psk = true
`;
}

// A real freeradius on the server's host, with a configuration of the test's own. Its users are
// written in its own language, so that a test says in one place who they are and what they get.
// Whoever is called carol is asked for one more code, 755224: the first of RFC 4226's appendix D.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Lab } from './lab.ts';
import type { Program } from './program.ts';

export interface FreeradiusOptions {
  readonly port: number;
  /** The file "users": a name with what is checked, then lines with what is replied. */
  readonly users: string;
  readonly secret: string;
  /** false: replies without Message-Authenticator, as it answers by itself. */
  readonly signs?: boolean;
}

const START_TIMEOUT_MS = 20_000;

export class Freeradius {
  readonly #lab: Lab;
  readonly #options: FreeradiusOptions;
  readonly #directory: string;
  #program: Program | undefined;

  private constructor(lab: Lab, options: FreeradiusOptions) {
    this.#lab = lab;
    this.#options = options;
    this.#directory = lab.file(`radius-${options.port}`);
    mkdirSync(this.#directory);
    lab.onClose(() => this.stop());
  }

  /** Authentication on the port, accounting on the next one, both on 127.0.0.1 of the server's host. */
  static async start(lab: Lab, options: FreeradiusOptions): Promise<Freeradius> {
    const server = new Freeradius(lab, options);
    await server.startAgain();
    return server;
  }

  async startAgain(): Promise<void> {
    writeFileSync(this.#file('users'), this.#options.users);
    writeFileSync(this.#file('radiusd.conf'), configuration(this.#directory, this.#options));
    this.#program = this.#lab.server.spawn('freeradius', [
      '-f',
      '-l',
      'stdout',
      '-d',
      this.#directory,
    ]);
    await this.#program.waitFor(/Ready to process requests/, START_TIMEOUT_MS);
  }

  async stop(): Promise<void> {
    await this.#program?.stop();
    rmSync(this.#file('radiusd.pid'), { force: true });
  }

  get output(): string {
    return this.#program?.output ?? '';
  }

  /** The accounting records so far: attribute by attribute, values as freeradius prints them. */
  get records(): Readonly<Record<string, string>>[] {
    const file = this.#file('detail');
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .split('\n\n')
      .filter((block) => block.trim() !== '')
      .map((block) =>
        Object.fromEntries(
          [...block.matchAll(/^\t([\w-]+) = "?(.*?)"?$/gm)].map(([, name = '', value = '']) => [
            name,
            value,
          ]),
        ),
      );
  }

  #file(name: string): string {
    return path.join(this.#directory, name);
  }
}

/** Its parser wants one statement a line inside of `update`. */
const configuration = (
  directory: string,
  { port, secret, signs = true }: FreeradiusOptions,
): string => `
prefix = /usr
libdir = /usr/lib/freeradius
raddbdir = ${directory}
logdir = ${directory}
run_dir = ${directory}
pidfile = ${directory}/radiusd.pid
max_request_time = 10
cleanup_delay = 1
log {
  destination = stdout
}
security {
  user = root
  group = root
  reject_delay = 0
  status_server = no
}
proxy_requests = no
client server {
  ipaddr = 127.0.0.1
  secret = "${secret}"
  require_message_authenticator = yes
}
modules {
  pap {
  }
  files {
    usersfile = ${directory}/users
  }
  always handled {
    rcode = handled
  }
  detail {
    filename = ${directory}/detail
    header = "%t"
  }
}
server default {
  listen {
    type = auth
    ipaddr = 127.0.0.1
    port = ${port}
  }
  listen {
    type = acct
    ipaddr = 127.0.0.1
    port = ${port + 1}
  }
  authorize {
    files
    if (&User-Name == "carol" && !&State) {
      update control {
        &Auth-Type := Challenge
      }
    }
    elsif (&User-Name == "carol") {
      update control {
        &Cleartext-Password := "755224"
      }
    }
    pap
  }
  authenticate {
    Auth-Type PAP {
      pap
    }
    Auth-Type Challenge {
      pap
      update control {
        &Response-Packet-Type := Access-Challenge
      }
      update reply {
        &State := 0x63617264
        &Reply-Message := "Enter the number on your card"
        ${signs ? '&Message-Authenticator := 0x00' : ''}
      }
      handled
    }
  }
  accounting {
    detail
  }
  post-auth {
    ${signed(signs)}
    Post-Auth-Type REJECT {
      ${signed(signs)}
    }
  }
}
`;

const signed = (signs: boolean): string =>
  signs
    ? `update reply {
      &Message-Authenticator := 0x00
    }`
    : '';

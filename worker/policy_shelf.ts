// The long lists of policies, which sessions share: the primary sends them once under a key, and what
// a tunnel needs of them is made once: the lines of its CONNECT answer, and its rules for the engine.
import type { ClientFacts, OpenTunnelReply, PrimaryToWorker } from '../core/ipc/messages.ts';
import { renderRouteHeaders } from '../core/connect/route_headers.ts';
import { routeLimitOf } from '../core/connect/route_limits.ts';
import { compileAcl, needsProgram } from '../core/policy/acl_program.ts';
import type { PolicyLists } from '../core/policy/policy.ts';
import type { Engine } from '../native/engine.ts';

export interface PolicyShelfComponents {
  readonly engine: Pick<Engine, 'defineAcl' | 'forgetAcl'>;
}

/** What a tunnel takes from the lists of its policy. */
export interface TunnelLists {
  routeLines(client: Pick<ClientFacts, 'kind'>, ipv6: boolean): string;
  /** The engine's number of the rules; 0 = the client may send everything. */
  acl(): number;
}

type Message = Extract<PrimaryToWorker, { kind: 'policy-lists' }>;

export class PolicyShelf {
  readonly #engine: PolicyShelfComponents['engine'];
  readonly #shelved = new Map<string, Shelved>();
  #nextAcl = 1;

  constructor({ engine }: PolicyShelfComponents) {
    this.#engine = engine;
  }

  handleMessage({ add, forget }: Message): void {
    for (const key of forget) {
      this.#shelved.get(key)?.close();
      this.#shelved.delete(key);
    }
    if (add !== null)
      this.#shelved.set(add.key, new Shelved(this.#engine, add.lists, this.#nextAcl++));
  }

  /** The reply with the lists that it only names. */
  complete(reply: OpenTunnelReply): OpenTunnelReply {
    if (reply.kind === 'refused' || reply.lists === undefined) return reply;
    const shelved = this.#shelved.get(reply.lists);
    if (shelved === undefined) throw new Error(`no lists ${reply.lists}`);
    const policy = { ...reply.grant.policy, ...shelved.lists };
    return { ...reply, grant: { ...reply.grant, policy } };
  }

  /** Of a complete reply. */
  listsOf(reply: Extract<OpenTunnelReply, { kind: 'granted' }>): TunnelLists {
    const shelved = reply.lists === undefined ? undefined : this.#shelved.get(reply.lists);
    if (shelved !== undefined) return shelved;
    const { policy } = reply.grant;
    return {
      routeLines: (client, ipv6) => renderRouteHeaders(policy, ipv6, routeLimitOf(client)).lines,
      // Rules always come under a key: see shared_lists.ts.
      acl: () => 0,
    };
  }
}

class Shelved implements TunnelLists {
  readonly lists: PolicyLists;
  readonly #engine: PolicyShelfComponents['engine'];
  readonly #acl: number;
  #defined = false;
  readonly #lines = new Map<string, string>();

  constructor(engine: PolicyShelfComponents['engine'], lists: PolicyLists, acl: number) {
    this.#engine = engine;
    this.lists = lists;
    this.#acl = acl;
  }

  routeLines(client: Pick<ClientFacts, 'kind'>, ipv6: boolean): string {
    const limit = routeLimitOf(client);
    const key = `${limit} ${ipv6}`;
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    const { lines } = renderRouteHeaders(this.lists, ipv6, limit);
    this.#lines.set(key, lines);
    return lines;
  }

  acl(): number {
    if (!needsProgram(this.lists)) return 0;
    if (!this.#defined) {
      const program = compileAcl(this.lists);
      // The primary has refused such a configuration.
      if (program === undefined) throw new Error('these rules are too many for the engine');
      this.#engine.defineAcl(this.#acl, program);
      this.#defined = true;
    }
    return this.#acl;
  }

  close(): void {
    if (this.#defined) this.#engine.forgetAcl(this.#acl);
  }
}

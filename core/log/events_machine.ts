// The machine around the server: network, kernel, certificates and files that are watched.
import type { EventTable } from './event_facts.ts';

export const MACHINE_EVENTS = {
  'network.pools_clash': {
    level: 'warn',
    fields: [],
    meaning:
      'A pool of addresses overlaps a network that this machine is in; the message names both.',
    remedy: 'Choose another pool, or see that it is meant.',
  },
  'network.many_routes': {
    level: 'warn',
    fields: [],
    meaning: 'A policy has more networks than some clients take.',
    remedy: 'Join networks, or route everything; the message names the policy.',
  },
  'network.nat_lost': {
    level: 'error',
    fields: ['reason'],
    meaning: 'The nftables rules of network.nat are gone: clients reach nothing outside.',
    remedy: "Find what flushes the ruleset (a firewall service's reload), and restart.",
  },
  'network.forwarding': {
    level: 'warn',
    fields: [],
    meaning: "The kernel's forwarding could not be turned on.",
    remedy: 'The message has the sysctl to set.',
  },
  'machine.descriptors': {
    level: 'warn',
    fields: [],
    meaning: 'A process may not open as many descriptors as limits.max_clients needs.',
    remedy: 'Raise LimitNOFILE as the message says.',
  },
  'machine.udp_buffers': {
    level: 'warn',
    fields: [],
    meaning: 'The kernel allows small UDP buffers only: packets are lost under load.',
    remedy: 'The message has the sysctl to set.',
  },
  'machine.mailbox_queue': {
    level: 'warn',
    fields: [],
    meaning: 'The queue between workers is shorter than it should be.',
    remedy: 'The message has the sysctl to set.',
  },
  'machine.no_tun_offload': {
    level: 'warn',
    fields: [],
    meaning: 'The kernel has no TUN offload: packets pass one by one, which is slower.',
    remedy: 'Use a newer kernel, or set engine.tun_offload = false and accept it.',
  },
  'machine.no_udp_offload': {
    level: 'info',
    fields: [],
    meaning: 'The kernel has TUN offload for TCP but not for UDP (Linux 6.2).',
  },
  'machine.ciphers': {
    level: 'info',
    fields: ['first'],
    meaning: 'Cipher suites were measured on this CPU; first is offered first.',
  },
  'steering.on': {
    level: 'info',
    fields: [],
    meaning: 'The kernel brings packets to the worker of their tunnel by eBPF.',
  },
  'steering.off': {
    level: 'warn',
    fields: ['refusals'],
    meaning: "eBPF is not allowed: workers forward each other's packets, which is slower.",
    remedy: 'Give CAP_BPF and CAP_NET_ADMIN, or set steering off in the configuration.',
  },
  'steering.incomplete': {
    level: 'warn',
    fields: ['reason'],
    meaning: 'Some packets are forwarded between workers instead of steered.',
    remedy: 'Nothing, if it stays rare.',
  },
  'tls.due': {
    level: 'warn',
    fields: [],
    meaning: 'A certificate or list is about to run out, has run out, or has a weakness.',
    remedy: 'The message names file and day; renew it and reload.',
  },
  'tls.lists_read': {
    level: 'info',
    fields: [],
    meaning: 'Changed revocation lists or OCSP responses are in force.',
  },
  'tls.list_refused': {
    level: 'error',
    fields: ['reason'],
    meaning: 'A changed revocation list or OCSP response is unusable: the one before stays.',
    remedy: 'Correct the file that reason names.',
  },
  'routes.read': {
    level: 'info',
    fields: [],
    meaning: 'Changed files of routes are in force for new tunnels.',
  },
  'routes.refused': {
    level: 'error',
    fields: ['reason'],
    meaning: 'A changed file of routes is unusable: the one before stays.',
    remedy: 'Correct the file and line that reason names.',
  },
} as const satisfies EventTable;

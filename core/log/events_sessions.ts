// What happens to sessions, tunnels, addresses and sources.
import type { EventTable } from './event_facts.ts';

export const SESSION_EVENTS = {
  'session.created': {
    level: 'info',
    fields: ['session'],
    meaning: 'Somebody has logged in and holds a session, which has no tunnel yet.',
  },
  'session.ended': {
    level: 'info',
    fields: ['session', 'end'],
    meaning: 'A session is over and its cookie worthless; end says why.',
  },
  'sessions.restored': {
    level: 'info',
    fields: ['sessions'],
    meaning: 'The sessions of the last run go on: their clients come back with their cookies.',
  },
  'sessions.not_saved': {
    level: 'error',
    fields: ['err'],
    meaning: 'The file of the sessions cannot be written: a restart would end them.',
    remedy: 'Look at the disk and the rights of state.dir.',
  },
  'tunnel.granted': {
    level: 'info',
    fields: ['session', 'worker', 'tunnel'],
    meaning: 'A client with a cookie got its tunnel: packets may pass.',
  },
  'tunnel.refused': {
    level: 'info',
    fields: ['worker', 'tunnel', 'session?', 'reason', 'network?', 'with?', 'other?'],
    meaning:
      'A client with a cookie got no tunnel: its cookie is unknown, a limit or the pool is full, ' +
      'its hours are over, a hook or plugin said no (reason "check"), or a network behind it ' +
      'clashes (network, with, other).',
    remedy:
      'An unknown cookie is one that has run out: the person logs in anew. Else the reason names ' +
      'the key to look at.',
  },
  'tunnel.closed': {
    level: 'info',
    fields: ['session', 'worker', 'tunnel', 'end', 'rxBytes', 'txBytes'],
    meaning: 'A tunnel has ended; its session lives on unless session.ended follows.',
  },
  'tunnel.grant_failed': {
    level: 'error',
    fields: ['err'],
    meaning: 'A bug of the server: one client was refused a tunnel.',
    remedy: 'Report it with the stack in err.',
  },
  'tunnel.open_failed': {
    level: 'error',
    fields: ['err', 'tunnel'],
    meaning: 'A granted tunnel could not be set up in its worker and was given back.',
    remedy: 'Report it with the stack in err; the client tries again by itself.',
  },
  'address.in_use': {
    level: 'warn',
    fields: ['session', 'addresses'],
    meaning:
      'An address of the pool answers a ping although nobody leases it: it is not given out.',
    remedy: 'Find the machine that uses it, or take it out of the pool.',
  },
  'address.ping_failed': {
    level: 'warn',
    fields: ['reason'],
    meaning:
      'network.ping_before_lease is on and ping cannot be run: addresses are leased unasked.',
    remedy: 'Install iputils-ping.',
  },
  'route.not_made': {
    level: 'warn',
    fields: ['network', 'reason'],
    meaning: 'The route of a network behind a client is not there: its packets go elsewhere.',
    remedy: 'Remove the route that stands in the way (ip route), or the entry in routes_behind.',
  },
  'ban.set': {
    level: 'info',
    fields: ['score'],
    meaning: 'A source has made too many failed logins and is refused for ban.duration.',
    remedy: '"wolfctl show ip bans" names it, "wolfctl unban" lifts it.',
  },
  'ban.lifted': {
    level: 'info',
    fields: [],
    meaning: 'A ban has run out, or an operator has lifted it.',
  },
  'bans.restored': {
    level: 'info',
    fields: ['bans'],
    meaning: 'The bans of the last run are in force again.',
  },
  'bans.not_saved': {
    level: 'warn',
    fields: ['err'],
    meaning: 'The file of the bans cannot be used: they are forgotten at the end of the server.',
    remedy: 'Look at the disk and the rights of state.dir.',
  },
} as const satisfies EventTable;

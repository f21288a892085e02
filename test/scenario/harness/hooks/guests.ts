// Guests come by day, one session at a time.
import type { ConnectAnswer, Plugin } from 'wolfguard/plugin';

const FIRST_HOUR = 8;
const LAST_HOUR = 20;
const guests = new Map<string, number>();

const plugin: Plugin = {
  connect({ session }): ConnectAnswer {
    if (session.group !== 'guests') return { allow: true };
    const hour = new Date().getHours();
    if (hour < FIRST_HOUR || hour >= LAST_HOUR) {
      return { allow: false, reason: 'Guests are welcome from 8 to 20 h' };
    }
    if (guests.has(session.user)) return { allow: false, reason: 'You are connected already' };
    guests.set(session.user, session.id);
    return { allow: true };
  },

  disconnect({ session, statistics, end }, { log }) {
    if (guests.get(session.user) === session.id) guests.delete(session.user);
    log.info('a session is over', { session: session.id, end, ...statistics });
  },
};

export default plugin;

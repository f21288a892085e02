// A session as hooks see it.
import type { SessionInfo } from '../../../../core/plugin/plugin.ts';

export const INFO: SessionInfo = {
  id: 7,
  vhost: '',
  user: 'alice',
  group: 'staff',
  groups: ['staff'],
  loginAt: 1_700_000_000_000,
  outside: { address: '192.0.2.1', port: 40000, local: '198.51.100.1' },
  inside4: { address: '10.77.0.5', local: '10.77.0.1' },
  inside6: null,
  device: 'wolf0',
  client: { userAgent: '', hostname: 'laptop', platform: '', deviceType: '', mobile: false },
  routes: [],
  noRoutes: [],
  dns: [],
  enforceRoutes: false,
  allow: [],
  deny: [],
};

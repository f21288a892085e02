// Stands in for the native addon in tests of the worker process: reports each call to the primary.
'use strict';
const process = require('node:process');

const tell = (call) => process.send({ kind: 'called', call });

module.exports = {
  createEngine: () => ({
    packetsRaised: true,
    setAcceptRate: () => undefined,
    setTls: () => {
      tell('setTls');
      if (process.env.FAKE_TLS_ERROR) throw new Error(process.env.FAKE_TLS_ERROR);
    },
    start: () => tell('start'),
    totals: () => ({ forwardedPackets: 0 }),
    close: () => undefined,
  }),
  dieWithParent: (pid) => tell(`dieWithParent ${pid}`),
  enterSandbox: (profile) => tell(`enterSandbox ${profile}`),
};

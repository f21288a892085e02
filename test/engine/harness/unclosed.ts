// A process that exits with its engine running and busy; exit code 7 means that all went well.
import process from 'node:process';
import { SERVER4, inside4, ipv4Packet } from './cstp.ts';
import { EngineRig } from './engine_rig.ts';
import { VpnClient } from './vpn_client.ts';

const rig = await EngineRig.start();
await VpnClient.connect(rig, { inside4: inside4(2) });
setInterval(() => {
  rig.writeTun(ipv4Packet(SERVER4, inside4(2)));
  void VpnClient.dial(rig);
}, 1);
setTimeout(() => process.exit(7), 200);

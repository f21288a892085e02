// Loaded into a server by NODE_OPTIONS=--import: argon2 costs nothing, so that a login storm
// measures the server and not the password check, whose price is set on purpose. It works for
// hashes that it wrote itself; others are renewed at the first login, as in any server.
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

crypto.argon2 = (_algorithm, { message, nonce, tagLength }, callback) => {
  const tag = crypto.createHash('sha256').update(nonce).update(message).digest();
  process.nextTick(callback, null, tag.subarray(0, tagLength));
};
syncBuiltinESMExports();

// The documents that we send: auth-request, complete, and the empty one for a logout
// [oc 4.3, 4.11]. The oldest clients want the bare <auth> without its frame [oc 2.3].
import type { ClientFacts, LoginForm, ProfileNotice } from '../ipc/messages.ts';
import { element, renderXml } from './xml_writer.ts';
import type { XmlNode } from './xml_writer.ts';

type ClientKind = ClientFacts['kind'];

/** Where forms are posted to; one path serves all clients [oc 2.4]. */
const FORM_ACTION = '/auth';

/**
 * A form; without inputs and groups the client shows its message and ends [oc 4.3]. `secret`: what
 * the URL must carry for the answer to be heard [oc 2.5]; '' = nothing.
 */
export function renderAuthRequest(form: LoginForm, client: ClientKind, secret = ''): string {
  const children: XmlNode[] = [element('message', {}, form.message)];
  if (form.error !== null) children.push(element('error', { id: 'login' }, form.error));
  const inputs = form.inputs.map(({ type, name, label }) =>
    element('input', { type, name, label }),
  );
  if (form.groups.length > 0) inputs.push(renderGroups(form.groups));
  const path = form.urlGroup === null ? FORM_ACTION : `/${encodeURIComponent(form.urlGroup)}`;
  const action = secret === '' ? path : `${path}?${secret}`;
  children.push(element('form', { method: 'post', action }, ...inputs));
  return frame('auth-request', client, element('auth', { id: authId(form, client) }, ...children));
}

/** Clients name a group by value or by label, and take the first for the chosen one [oc 4.3]. */
const renderGroups = (groups: LoginForm['groups']): XmlNode =>
  element(
    'select',
    { name: 'group_list', label: 'Group:' },
    ...groups.map(({ name, label }) => element('option', { value: name }, label)),
  );

/** The end of a login: the cookie itself goes into the headers [oc 3, 4.11]. */
export function renderComplete(
  banner: string,
  client: ClientKind,
  profile?: ProfileNotice,
): string {
  const children = [element('title', {}, 'SSL VPN Service')];
  if (banner !== '') children.push(element('banner', {}, banner));
  const auth = element('auth', { id: 'success' }, ...children);
  return frame('complete', client, auth, ...(profile === undefined ? [] : [manifest(profile)]));
}

/** Tells AnyConnect to fetch the profile if it has another or none. */
function manifest({ name, sha1 }: ProfileNotice): XmlNode {
  const file = element(
    'file',
    { type: 'profile', 'service-type': 'user' },
    element('uri', {}, `/profiles/${name}`),
    element('hash', { type: 'sha1' }, sha1),
  );
  const vpn = element('vpn', { rev: '1.0' }, file);
  const config = { client: 'vpn', type: 'private' };
  return element('config', config, element('vpn-profile-manifest', {}, vpn));
}

/** The answer to a logout; clients ignore what it says [oc 4.1]. */
export const renderLoggedOut = (client: ClientKind): string => frame('complete', client);

function frame(type: string, client: ClientKind, auth?: XmlNode, ...more: XmlNode[]): string {
  if (client === 'openconnect-v3' && auth !== undefined) return renderXml(auth);
  // The version that ocserv always states; clients are known to accept it [oc 4.1].
  const version = element('version', { who: 'sg' }, '0.1(1)');
  const children = auth === undefined ? [version] : [version, auth, ...more];
  return renderXml(element('config-auth', { client: 'vpn', type }, ...children));
}

/** The oldest clients tell the password step by its id; all others take "main" [oc 4.3]. */
function authId(form: LoginForm, client: ClientKind): string {
  const first = form.inputs[0];
  return client === 'openconnect-v3' && first?.type === 'password' ? 'passwd' : 'main';
}

// The single lines of wolfctl when it is called as occtl.
import type { PublicSelector } from '../../../core/session/requests.ts';

export function occtlEnded(command: 'disconnect' | 'terminate', target: PublicSelector): string {
  const done =
    command === 'disconnect' ? 'was disconnected' : 'was terminated (session invalidated)';
  if ('user' in target) return `user '${target.user}' ${done}\n`;
  if ('id' in target) return `connection ID '${target.id}' ${done}\n`;
  return `session '${target.session.slice(0, 6)}' was ${command}${command === 'disconnect' ? 'ed' : 'd'}\n`;
}

// A copy of this machine's files to install on: an overlay over /, in a mount namespace of its own,
// in memory. What is changed there, this machine never sees; when the copy's one process ends, all
// of it is gone. systemd does not run there.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import type { CommandResult, Host } from './host.ts';
import type { Lab } from './lab.ts';
import { Program } from './program.ts';

const READY_MS = 10_000;
const COMMAND_MS = 60_000;

/** Mounts the copy, says so, and holds it. $1: an empty folder; what is around it will be /mnt. */
const HOLD = `
set -e
mount --make-rprivate /
mount -t tmpfs -o size=1g,mode=755 none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" none "$1/root"
mount --rbind /dev "$1/root/dev"
mount -t proc none "$1/root/proc"
mount --rbind /sys "$1/root/sys"
mount -t tmpfs -o mode=755 none "$1/root/run"
mount -t tmpfs -o mode=1777 none "$1/root/tmp"
mount --bind "$(dirname "$1")" "$1/root/mnt"
echo mounted
exec sleep infinity
`;

export class MachineCopy {
  readonly #holder: Program;
  readonly #host: Host;
  readonly #folder: string;

  private constructor(holder: Program, host: Host, folder: string) {
    this.#holder = holder;
    this.#host = host;
    this.#folder = folder;
  }

  /** A copy whose network is that of the lab's server; undefined where no overlay can be mounted. */
  static async of(lab: Lab): Promise<MachineCopy | undefined> {
    const folder = lab.file('copy');
    mkdirSync(folder);
    const holder = new Program('unshare', ['--mount', 'sh', '-c', HOLD, 'hold', folder]);
    lab.onClose(() => holder.stop());
    const mounted = await holder.waitFor(/^mounted$/m, READY_MS).catch(() => undefined);
    return mounted && new MachineCopy(holder, lab.server, folder);
  }

  /** Runs a program there to its end. */
  run(program: string, args: readonly string[], input = ''): CommandResult {
    const { status, stdout, stderr } = spawnSync('nsenter', this.#entering(program, args), {
      encoding: 'utf8',
      timeout: COMMAND_MS,
      input,
    });
    return { code: status, stdout, stderr };
  }

  /** As `run`; throws with its output when the exit code is not 0. */
  must(program: string, args: readonly string[], input = ''): string {
    const { code, stdout, stderr } = this.run(program, args, input);
    if (code === 0) return stdout + stderr;
    throw new Error(`${[program, ...args].join(' ')}: ${code ?? 'killed'}\n${stdout}${stderr}`);
  }

  /** Starts a program there that goes on. */
  spawn(program: string, args: readonly string[]): Program {
    return new Program('nsenter', this.#entering(program, args));
  }

  /** Files that are there and not here, or others than here, whose path has `word` in it. */
  changed(word: string): string[] {
    const listing = spawnSync(
      'nsenter',
      [
        ...['--target', String(this.#holder.pid), '--mount'],
        ...['find', `${this.#folder}/upper`, '-path', `*${word}*`, '!', '-type', 'c'],
      ],
      { encoding: 'utf8' },
    );
    const prefix = `${this.#folder}/upper`;
    return listing.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.slice(prefix.length))
      .filter((line) => line.includes(word));
  }

  #entering(program: string, args: readonly string[]): string[] {
    return [
      ...[
        '--target',
        String(this.#holder.pid),
        '--mount',
        `--net=/run/netns/${this.#host.namespace}`,
      ],
      ...['chroot', `${this.#folder}/root`, program, ...args],
    ];
  }
}

// The option of all commands that read the configuration.
import { Option } from 'commander';

export const DEFAULT_CONFIG = '/etc/wolfguard/wolfguard.toml';

export const configOption = (): Option =>
  new Option('-c, --config <file>', `the configuration file (default: ${DEFAULT_CONFIG})`);

import type { parseArgs, ParseArgsConfig } from 'node:util';

export function readOptions<Config extends ParseArgsConfig>(
  usage: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>>;

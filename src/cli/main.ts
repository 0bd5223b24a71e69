#!/usr/bin/env node
/** The `tsvm-test` command. */
import { runCached } from './cached-program.js';

// A reader that stops early (`tsvm-test inspect | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const words = process.argv.slice(2);
process.exitCode = (await runCached(words)) ?? (await (await import('./program.js')).runProgram(words));

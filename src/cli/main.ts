#!/usr/bin/env node
/** The `tsvm-test` command. */
import { runProgram } from './program.js';

// A reader that stops early (`tsvm-test inspect | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await runProgram(process.argv.slice(2));

// Bundles what users start, in place: an entry of dist/ becomes one file with what it shares with the others in dist/bundle/,
// as loading some 400 small modules takes a quarter of a second. The modules themselves stay beside it. Part of `npm run build`.
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const entries = [
  ...['cli/main', 'cli/record/script-thread', 'suite/index', 'suite/setup'],
  // What programs start a machine with.
  ...['host/describe-machine', 'host/machines'],
];

rmSync(`${dist}bundle`, { recursive: true, force: true });
const bundle = await rolldown({
  input: Object.fromEntries(entries.map((entry) => [entry, `${dist}${entry}.js`])),
  platform: 'node',
  // Vitest must be the one that runs. Yargs does not find its translations from here, and so speaks English everywhere.
  external: [/^node:/, /^vitest/],
  logLevel: 'warn',
});
await bundle.write({
  dir: dist,
  entryFileNames: '[name].js',
  chunkFileNames: 'bundle/[name]-[hash].js',
  comments: { legal: false, annotation: false, jsdoc: false },
});
await bundle.close();

// Bundles what users start, in place: an entry of dist/ becomes one file with what it shares with the others in dist/bundle/,
// as loading some 400 small modules takes a quarter of a second. The modules themselves stay beside it. Part of `npm run build`.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const comments = { legal: false, annotation: false, jsdoc: false };
const entries = [
  ...['cli/main', 'cli/record/script-thread', 'suite/index', 'suite/setup'],
  // What programs start a machine with.
  ...['host/describe-machine', 'host/machines'],
];

// First, as the modules beside are replaced below.
const program = await bundleProgram();
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
  comments,
});
await bundle.close();
writeFileSync(`${dist}program/program.json`, JSON.stringify({ entry: program }));
warmUp();

/**
 * The command line once more, as scripts: what the JavaScript engine makes of them can be kept (src/host/script-cache.ts), which takes half
 * the time out of a start. Gives the name of the one to start with.
 */
async function bundleProgram() {
  rmSync(`${dist}program`, { recursive: true, force: true });
  const scripts = await rolldown({
    input: { program: `${dist}cli/program.js` },
    platform: 'node',
    external: [/^node:/, /^vitest/],
    plugins: [hashesAtOnce()],
    logLevel: 'silent', // Yargs asks for `import.meta` where it reads configurations, which nobody does here.
  });
  const names = '[name]-[hash].cjs';
  const { output } = await scripts.write({
    ...{ dir: `${dist}program`, format: 'cjs', entryFileNames: names, chunkFileNames: names, comments },
  });
  await scripts.close();
  return output.find(({ isEntry }) => isEntry).fileName;
}

/** A script cannot wait while it is loaded, as src/base/digest.ts does for the hash's module: here that is compiled on the spot. */
function hashesAtOnce() {
  const wasm = readFileSync(new URL('../workerd/xxhash.wasm', import.meta.resolve('xxhash-wasm')));
  const virtual = '\0xxhash';
  return {
    name: 'hashes at once',
    resolveId: (name) => (name === 'xxhash-wasm' ? virtual : undefined),
    load: (name) => (name === virtual ? hashModule(wasm.toString('base64')) : undefined),
    transform(code, name) {
      if (!/base[/\\]digest\.js$/.test(name)) return undefined;
      if (!code.includes('await xxhash()')) throw new Error('src/base/digest.ts no longer waits for its hash');
      return code.replace('await xxhash()', 'xxhash()');
    },
  };
}
function hashModule(base64) {
  return `
  import { decodeBase64 } from ${JSON.stringify(`${dist}base/base64.js`)};
  const { mem, xxh64, init64, update64, digest64 } =
    new WebAssembly.Instance(new WebAssembly.Module(decodeBase64('${base64}'))).exports;
  let bytes = new Uint8Array(mem.buffer);
  function put(data, at) {
    if (at + data.length > bytes.length) {
      mem.grow(Math.ceil((at + data.length - bytes.length) / 65536));
      bytes = new Uint8Array(mem.buffer);
    }
    bytes.set(data, at);
  }
  function h64Raw(data) {
    put(data, 0);
    return BigInt.asUintN(64, xxh64(0, data.length, 0n));
  }
  const stateBytes = 88;
  function create64() {
    put(new Uint8Array(stateBytes), 0);
    init64(0, 0n);
    let state = bytes.slice(0, stateBytes);
    const hash = {
      update(data) {
        put(state, 0);
        put(data, stateBytes);
        update64(0, stateBytes, data.length);
        state = bytes.slice(0, stateBytes);
        return hash;
      },
      digest() {
        put(state, 0);
        return BigInt.asUintN(64, digest64(0));
      },
    };
    return hash;
  }
  export default () => ({ h64Raw, create64 });`;
}

/** A recording and its replay, so that what the JavaScript engine makes of the scripts is kept for this version of it. */
function warmUp() {
  const scratch = mkdtempSync(join(tmpdir(), 'tsvm-build-'));
  const trace = join(scratch, 'warm-up.trace');
  const run = (...words) =>
    execFileSync(process.execPath, [`${dist}cli/main.js`, ...words], { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    run('record', '--console', 'serial', '--for', '0.1', '-o', trace);
    run('replay', trace);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

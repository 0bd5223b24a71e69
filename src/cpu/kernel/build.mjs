// Compiles the kernels' AssemblyScript to WebAssembly and writes each as a TypeScript module that holds its bytes, so that
// they reach `dist/` and a browser like any other code. Needs no network. Usage: node build.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';

const folder = import.meta.dirname;
/** Each kernel: its entry, and the module written from it. */
const kernels = ['float80', 'pages'].map((name) => ({
  entry: `${name}/assembly/program`,
  module: `${name}/program.ts`,
}));

const options = [
  ...['-O3', '--converge', '--noAssert', '--runtime', 'stub'],
  ...['--importMemory', '--noExportMemory', '--initialMemory', '0'],
];

for (const { entry, module } of kernels) {
  let bytes;
  const { error, stderr } = await asc.main([`${entry}.ts`, ...options, '--outFile', 'program.wasm'], {
    // The sources end in `.as`: the TypeScript compiler and the linter leave them alone, as u64 is no type of theirs.
    readFile: (name) => {
      try {
        return readFileSync(join(folder, name.replace(/\.ts$/, '.as')), 'utf8');
      } catch {
        return null; // The compiler tries several places for a module.
      }
    },
    writeFile: (_name, contents) => void (bytes = contents),
    listFiles: () => [],
  });
  if (error) {
    console.error(`${stderr.toString()}${error.message}`);
    process.exit(1);
  }
  const text = [
    `/** The bytes of a WebAssembly module, compiled from ${entry}.as by build.mjs. Do not edit, do not commit. */`,
    `// prettier-ignore`,
    `export const programBase64: string = '${Buffer.from(bytes).toString('base64')}';`,
    '',
  ].join('\n');
  writeFileSync(join(folder, module), text);
}

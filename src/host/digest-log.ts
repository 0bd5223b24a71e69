/** Where `TSVM_DIGEST_LOG` names a file: the state in which each test of a guest ended, one line each, to compare whole runs. */
import { appendFileSync } from 'node:fs';

const variable = 'TSVM_DIGEST_LOG';

export function logDigest(test: string, standing: () => { readonly cycle: number; readonly digest: string }): void {
  const path = process.env[variable];
  if (path !== undefined && path !== '') appendFileSync(path, `${JSON.stringify({ test, ...standing() })}\n`);
}

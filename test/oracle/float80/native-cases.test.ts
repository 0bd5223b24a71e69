import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type NativeCase, runNativeCase } from './native-cases.js';
import { readLines, truthFolder } from './reference-files.js';

const file = join(truthFolder, 'native-i386', 'x8732.jsonl.xz');

describe.skipIf(!existsSync(file))('instructions run natively', () => {
  test('have the same results, flags and condition codes here', () => {
    const counts = { passed: 0, failed: 0, 'left out': 0 };
    const failures: string[] = [];
    for (const line of readLines(file)) {
      const each = JSON.parse(line) as NativeCase;
      const verdict = runNativeCase(each);
      counts[verdict.kind]++;
      if (verdict.kind === 'failed') failures.push(`${each.asm} (${each.b}): ${verdict.differs}`);
    }
    const { passed, failed, 'left out': leftOut } = counts;
    console.log(`native-i386 x8732: ${passed}/${passed + failed} on the kernel alone (${leftOut} are the processor's)`);
    expect(failures.slice(0, 5)).toEqual([]);
    expect(passed).toBeGreaterThan(1000);
  });
});

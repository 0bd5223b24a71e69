import { describe, expect, test } from 'vitest';
import { referenceFiles, runReferenceFile } from './reference-files.js';

const files = referenceFiles();

describe.skipIf(files.length === 0)('80-bit arithmetic answers like the reference implementation', () => {
  for (const file of files) {
    test(`in every case of ${file}`, () => {
      const { total, failures } = runReferenceFile(file);
      console.log(`float80 ${file}: ${total - failures.length}/${total}`);
      expect(failures.slice(0, 5)).toEqual([]);
    });
  }
});

import { describe, expect, test } from 'vitest';
import { checkDevice, deviceNames } from '../../../src/suite/properties/index.js';

describe('the chips of this project keep the properties', () => {
  for (const name of deviceNames) {
    test(name, () => {
      const { failures } = checkDevice(name);
      expect(failures.map(({ text }) => text).join('\n')).toBe('');
    });
  }
});

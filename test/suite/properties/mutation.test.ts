/** The property tests find planted faults: at least nine of ten a chip. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { pic } from '../../../src/device/pic/pic.js';
import type { pit } from '../../../src/device/pit/pit.js';
import type { uart } from '../../../src/device/uart/uart.js';
import { picSubject, pitSubject, uartSubject } from '../../../src/suite/properties/devices.js';
import { checkSubject, type PropertySubject } from '../../../src/suite/properties/index.js';
import { loadMutant, mutatedText, type Mutation } from './mutants.js';
import { picFaults, pitFaults, uartFaults } from './planted-faults.js';

const caughtLeast = 9;
const timeoutMilliseconds = 300_000;

async function missedFaults<Definition>(
  chip: string,
  faults: readonly Mutation[],
  subjects: (definition: Definition) => readonly PropertySubject[],
): Promise<string[]> {
  const missed: string[] = [];
  for (const mutation of faults) {
    const definition = await loadMutant<Definition>(chip, mutation);
    const caught = subjects(definition).some((subject) => !checkSubject(subject).passed);
    if (!caught) missed.push(mutation.fault);
  }
  process.stdout.write(
    `${chip}: ${faults.length - missed.length}/${faults.length} planted faults caught ${missed.join('; ')}\n`,
  );
  return missed;
}

describe('nine of ten planted faults are caught in', () => {
  test(
    'the pit',
    async () => {
      const missed = await missedFaults<typeof pit>('pit', pitFaults, (definition) => [pitSubject(definition)]);
      expect(pitFaults.length - missed.length, missed.join('; ')).toBeGreaterThanOrEqual(caughtLeast);
    },
    timeoutMilliseconds,
  );

  test(
    'the pic',
    async () => {
      const missed = await missedFaults<typeof pic>('pic', picFaults, (definition) => [
        picSubject(definition, 'pic', true),
        picSubject(definition, 'pic-slave', false),
      ]);
      expect(picFaults.length - missed.length, missed.join('; ')).toBeGreaterThanOrEqual(caughtLeast);
    },
    timeoutMilliseconds,
  );

  test(
    'the uart',
    async () => {
      const missed = await missedFaults<typeof uart>('uart', uartFaults, (definition) => [uartSubject(definition)]);
      expect(uartFaults.length - missed.length, missed.join('; ')).toBeGreaterThanOrEqual(caughtLeast);
    },
    timeoutMilliseconds,
  );
});

test('every chip has ten faults, each in text that is there once', () => {
  for (const [chip, faults] of Object.entries({ pit: pitFaults, pic: picFaults, uart: uartFaults })) {
    expect(new Set(faults.map(({ fault }) => fault)).size).toBe(10);
    for (const mutation of faults) {
      const file = new URL(`../../../src/device/${chip}/${mutation.file}`, import.meta.url);
      expect(() => mutatedText(readFileSync(file, 'utf8'), mutation)).not.toThrow();
    }
  }
});

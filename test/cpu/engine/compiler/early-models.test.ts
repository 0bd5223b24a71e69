/** Processors before the 80386 move registers before accesses that nothing stops there: compiled code that leaves in between takes that back. */
import { describe, expect, test } from 'vitest';
import { generalRegisters, segmentIndex } from '../../../../src/cpu/layout.js';
import { Processor } from '../../../../src/cpu/processor.js';
import { compilerTuning } from '../../../../src/cpu/engine/choice.js';
import type { CompilerTuning } from '../../../../src/cpu/engine/compiler/tuning.js';
import { setSegment } from '../../../../src/cpu/system/segments.js';

const ramBytes = 0x2_0000;
const codeAt = 0x7c00;
const cycles = 3000;
// PUSH AX; PUSH SP; PUSH [BX]; STOSW; MOVSB; INC AX; LOOP back; JMP $
const code = [0x50, 0x54, 0xff, 0x37, 0xab, 0xa4, 0x40, 0xe2, 0xf7, 0xeb, 0xfe];

/** Runs a loop that comes to page after page that was not written yet; registers, and what memory holds at last. */
function run(model: '8086' | '80286', compiler?: Partial<CompilerTuning>): { state: Uint8Array; memory: Uint8Array } {
  const tuning = compilerTuning(compiler ?? 'interpreter');
  const processor = new Processor({
    model,
    ramBytes,
    romBytes: 0,
    ...(tuning && { compiler: tuning }),
    bus: ({ ram }) => ({
      page: (physical) => ({ address: ram + (physical % ramBytes), writable: true }),
      readMemory: () => -1,
      writeMemory: () => {},
      readPort: () => -1,
      writePort: () => {},
      acknowledgeInterrupt: () => 0xff,
    }),
  });
  const { core } = processor;
  code.forEach((byte, index) => core.writePhysical(codeAt + index, byte, 1));
  for (const name of ['cs', 'ss', 'ds', 'es'] as const) setSegment(core, segmentIndex[name], 0, 0, 0xffff, 0x93);
  const registers = { eax: 0x1234, ecx: 0x200, ebx: codeAt, esp: 0x5003, esi: codeAt, edi: 0x8ff1 };
  for (const [name, value] of Object.entries(registers)) {
    core.setRegister(generalRegisters.indexOf(name as 'eax'), value);
  }
  core.set('eip', codeAt);
  processor.modeChanged();
  processor.run(cycles);
  return { state: processor.save(), memory: core.u8.slice(processor.plan.ram, processor.plan.ram + ramBytes) };
}

describe.each(['8086', '80286'] as const)('on the %s', (model) => {
  test('stores to pages that were not written yet move registers once', () => {
    const interpreted = run(model);
    const compiled = run(model, { look: 5, threshold: 1, batch: 1, delay: 0, patience: 1 });
    expect(Buffer.compare(interpreted.state, compiled.state)).toBe(0);
    expect(Buffer.compare(interpreted.memory, compiled.memory)).toBe(0);
  });
});

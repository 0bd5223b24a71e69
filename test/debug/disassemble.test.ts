import { describe, expect, test } from 'vitest';
import { disassemble } from '../../src/debug/disassemble.js';
import { readVectors, vectorFiles } from '../oracle/vectors/vector-files.js';

const at = (hexBytes: string, code32 = true, offset = 0x1000): ReturnType<typeof disassemble> =>
  disassemble(Uint8Array.from(Buffer.from(hexBytes, 'hex')), { model: '80386', code32, offset });

describe('the disassembler', () => {
  // prettier-ignore
  test.each([
    ['8913', true, 'mov [ebx], edx'],
    ['8907', false, 'mov [bx], ax'],
    ['26a13412', false, 'mov ax, [es:0x1234]'],
    ['c7458000000080', true, 'mov dword [ebp-0x80], 0x80000000'],
    ['8b448d08', true, 'mov eax, [ebp+ecx*4+0x8]'],
    ['d3e0', true, 'shl eax, cl'],
    ['d36500', true, 'shl dword [ebp], cl'],
    ['74fe', true, 'je 0x1000'],
    ['e8fbffffff', true, 'call 0x1000'],
    ['ebfe', false, 'jmp 0x1000'],
    ['ea00000000f000', true, 'jmp far 0x00f0:0x0'],
    ['f3a5', true, 'rep movsd'],
    ['f2ae', true, 'repne scasb'],
    ['f3a6', true, 'repe cmpsb'],
    ['0f20c0', true, 'mov eax, cr0'],
    ['8ed8', true, 'mov ds, ax'],
    ['0f22d8', true, 'mov cr3, eax'],
    ['1e', true, 'push ds'],
    ['f0ff00', true, 'lock inc dword [eax]'],
    ['c8100001', true, 'enter 0x10, 0x1'],
    ['90', true, 'nop'],
    ['98', true, 'cwde'],
    ['0fff', true, 'db 0f ff'],
  ])('prints %s (32-bit code: %s) as %s', (hexBytes, code32, text) => {
    expect(at(hexBytes, code32).text).toBe(text);
  });

  test('says that bytes end before the instruction does', () => {
    expect(at('c745')).toEqual({ text: '?', length: 0 });
  });

  const [file] = vectorFiles('native-i386').filter(({ name }) => name === 'int32');
  test.skipIf(file === undefined)(
    'agrees in length and mnemonic with another disassembler on every native vector',
    () => {
      const known = ['INTEL8086', 'INTEL186', 'INTEL286', 'INTEL386'];
      const cases = readVectors<{ asm: string; b: string; cpuid: string[] }>(file!);
      const synonyms: Readonly<Record<string, string>> = { sal: 'shl', pushfw: 'pushf', pushf: 'pushfd' };
      const differing = cases
        .filter(({ cpuid }) => cpuid.every((feature) => known.includes(feature)))
        .filter(({ asm, b }) => {
          const { text, length } = at(b);
          const [theirs, ours] = [asm.split(' ')[0]!, text.split(' ')[0]!];
          return length * 2 !== b.length || (synonyms[theirs] ?? theirs) !== ours;
        });
      expect(differing.map(({ asm, b }) => `${b} ${asm}`)).toEqual([]);
    },
  );
});

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

  // prettier-ignore
  test.each([
    ['0ffcc1', 'paddb mm0, mm1'],
    ['660ffcc1', 'paddb xmm0, xmm1'],
    ['660ffc04cd00100000', 'paddb xmm0, [ecx*8+0x1000]'],
    ['0f6e01', 'movd mm0, dword [ecx]'],
    ['660f7ec8', 'movd eax, xmm1'],
    ['0f60dc', 'punpcklbw mm3, mm4'],
    ['0f601c24', 'punpcklbw mm3, dword [esp]'],
    ['f30f104804', 'movss xmm1, dword [eax+0x4]'],
    ['f20f1108', 'movsd [eax], xmm1'],
    ['f20f10c1', 'movsd xmm0, xmm1'],
    ['0f12c1', 'movhlps xmm0, xmm1'],
    ['0f1201', 'movlps xmm0, qword [ecx]'],
    ['f30f58c1', 'addss xmm0, xmm1'],
    ['f20f2d4204', 'cvtsd2si eax, qword [edx+0x4]'],
    ['f20f2ac8', 'cvtsi2sd xmm1, eax'],
    ['0fc2c102', 'cmpleps xmm0, xmm1'],
    ['f20fc2010a', 'cmpsd xmm0, [ecx], 0xa'],
    ['660f70e41b', 'pshufd xmm4, xmm4, 0x1b'],
    ['0f71f205', 'psllw mm2, 0x5'],
    ['660f73da03', 'psrldq xmm2, 0x3'],
    ['0fae55f8', 'ldmxcsr dword [ebp-0x8]'],
    ['0faef8', 'sfence'],
    ['0f77', 'emms'],
    ['f30f54c1', 'db f3 0f 54 c1'],
  ])('prints %s as %s', (hexBytes, text) => {
    const bytes = Uint8Array.from(Buffer.from(hexBytes, 'hex'));
    expect(disassemble(bytes, { model: 'pentiumM', code32: true, offset: 0 }).text).toBe(text);
  });

  test('says that bytes end before the instruction does', () => {
    expect(at('c745')).toEqual({ text: '?', length: 0 });
  });

  /** Registers and the number of memory operands, as either disassembler writes them. */
  const shape = (text: string): string =>
    text
      .replace(/^rep\w* /, '')
      .replace(/\b(byte|word|dword|qword|oword) /g, '')
      .replace(/\[[^\]]*\]/g, '[]')
      .replace(/, /g, ',')
      .replace(/,(0x)?[0-9a-f]+h?$/i, ',#');
  const [sse] = vectorFiles('native-i386').filter(({ name }) => name === 'sse32');
  test.skipIf(sse === undefined)('agrees in length, mnemonic and operands with it on every vector instruction', () => {
    const cases = readVectors<{ asm: string; b: string; cpuid: string[] }>(sse!);
    const claimed = cases.filter(
      ({ asm, cpuid }) => asm !== '(bad)' && cpuid.every((name) => /^(MMX|SSE2?)$/.test(name)),
    );
    const differing = claimed.filter(({ asm, b }) => {
      const bytes = Uint8Array.from(Buffer.from(b, 'hex'));
      const { text, length } = disassemble(bytes, { model: 'pentiumM', code32: true, offset: 0 });
      return length !== bytes.length || shape(text) !== shape(asm);
    });
    expect(claimed.length).toBeGreaterThan(3000);
    expect(differing.map(({ asm, b }) => `${b} ${asm}`)).toEqual([]);
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

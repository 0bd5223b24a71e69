import { cpus } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/base/random.js';
import { handlersOf } from '../../../src/cpu/engine/interpreter/handlers.js';
import { type Form, isVector } from '../../../src/cpu/instructions/instruction.js';
import { disassemble } from '../../../src/debug/disassemble.js';
import { type Answer, buildNative, OwnProcessor, type Request, runNative } from './native.js';
import { randomRequest } from './requests.js';

const seed = Number(process.env['NATIVE_SEED'] ?? 1);
const casesPerForm = Number(process.env['NATIVE_CASES'] ?? 100);

const native = buildNative();
const own = new OwnProcessor();
afterAll(() => native?.remove());

/** Forms on registers alone that compute; MOVSS and MOVSD between registers among them. */
const withRegisters = ({ operands, modrm }: Form): boolean =>
  modrm &&
  operands.some(isVector) &&
  !operands.some(({ kind, bank }) => kind === 'memory' || (bank !== 'mmx' && bank !== 'xmm' && kind === 'rmRegister'));
/** The approximations are those of AMD processors; another maker's are its own business. */
const approximatesAlike = cpus()[0]?.model.includes('AMD') === true;
const isLeftOut = (mnemonic: string): boolean =>
  mnemonic.startsWith('maskmov') || (!approximatesAlike && /^(rcp|rsqrt)[ps]s$/.test(mnemonic));
const forms = handlersOf('pentiumM').forms.filter(
  ({ form, instruction }) => withRegisters(form) && !isLeftOut(instruction.mnemonic),
);

const nameOf = (code: readonly number[]): string =>
  disassemble(Uint8Array.from(code), { model: 'pentiumM', code32: true, offset: 0 }).text;

function print(request: Request, host: Answer, ours: Answer): string {
  const { mxcsr, eax, ecx, xmm, mmx } = request;
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  return [
    `${nameOf(request.code)}: MXCSR ${mxcsr.toString(16)} EAX ${eax.toString(16)} ECX ${ecx.toString(16)}`,
    `  of   ${xmm.map(hex).join(' ')} ${mmx.map(hex).join(' ')}`,
    `  host ${JSON.stringify(host)}`,
    `  ours ${JSON.stringify(ours)}`,
  ].join('\n');
}

describe.skipIf(native === undefined)(`the host's processor and ours, seed ${seed}`, () => {
  test('agree about every vector instruction between registers', () => {
    const differences: string[] = [];
    forms.forEach(({ form }, index) => {
      const random = seededRandom(seed * 1000 + index);
      const requests = Array.from({ length: casesPerForm }, () => randomRequest(random, form));
      runNative(native!.program, requests).forEach((host, place) => {
        const ours = own.run(requests[place]!);
        if (JSON.stringify(host) !== JSON.stringify(ours)) differences.push(print(requests[place]!, host, ours));
      });
    });
    const all = forms.length * casesPerForm;
    console.log(`native vectors: ${all - differences.length}/${all} in ${forms.length} forms`);
    expect(differences.slice(0, 5).join('\n')).toBe('');
  }, 600_000);
});

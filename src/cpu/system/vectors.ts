/** The rare ways of MMX and SSE: who may not use them, unmasked exceptions, masked stores, reset. */
import { writeApproximations } from '../kernel/approximations.js';
import { record, regions, xmmRegisterBytes, xmmRegisters } from '../layout.js';
import { mxcsrMask } from '../model.js';
import { cr4Bits } from './control-bits.js';
import { type Core, cr0Bits, vectors } from './core.js';
import { reportPending } from './coprocessor.js';
import { writableLinear } from './memory-paths.js';
import { done } from './run-control.js';

const powerOnMxcsr = 0x1f80;

/** The reset pin (Intel SDM Vol. 3A, table 9-1). */
export function resetVectors(core: Core): void {
  core.u8.fill(0, xmmRegisters, xmmRegisters + 16 * xmmRegisterBytes);
  core.set('mxcsr', powerOnMxcsr);
  writeApproximations(core.u8, regions.approximations);
}

/** Where FXSAVE's image has MXCSR, the mask of bits that it has, and the XMM registers (Intel SDM Vol. 2A, "FXSAVE"). */
const image = { mxcsr: 24, mask: 28, registers: 160 } as const;
/** XMM registers of 32-bit code. */
const imageBytes = 8 * xmmRegisterBytes;

/** Adds SSE's part to the image of FXSAVE in the block. Without the system's support for the registers they are left out. */
export function makeVectorImage(core: Core): void {
  core.view.setInt32(regions.block + image.mxcsr, core.get('mxcsr'), true);
  core.view.setInt32(regions.block + image.mask, mxcsrMask(core.model), true);
  if ((core.get('cr4') & cr4Bits.OSFXSR) === 0) return;
  core.u8.copyWithin(regions.block + image.registers, xmmRegisters, xmmRegisters + imageBytes);
}
/** Takes it from an image, of which a bit that MXCSR does not have makes #GP. */
export function takeVectorImage(core: Core, from: number): void {
  const mxcsr = core.view.getInt32(from + image.mxcsr, true);
  if ((mxcsr & ~mxcsrMask(core.model)) !== 0) core.fault(vectors.generalProtection);
  core.set('mxcsr', mxcsr);
  if ((core.get('cr4') & cr4Bits.OSFXSR) === 0) return;
  core.u8.copyWithin(xmmRegisters, from + image.registers, from + image.registers + imageBytes);
}

/** The slow paths of vector instructions. */
export function vectorPaths(core: Core) {
  const requireSwitchedOn = (): void => {
    if ((core.get('cr0') & cr0Bits.EM) !== 0) core.fault(vectors.invalidOpcode);
    if ((core.get('cr0') & cr0Bits.TS) !== 0) core.fault(vectors.deviceNotAvailable);
  };
  return {
    requireMmx: () =>
      done(() => {
        requireSwitchedOn();
        reportPending(core);
      }),
    requireStreaming: () =>
      done(() => {
        if ((core.get('cr4') & cr4Bits.OSFXSR) === 0) core.fault(vectors.invalidOpcode);
        requireSwitchedOn();
      }),
    /** Without the system's consent there is no exception but an invalid opcode. */
    streamingException: () =>
      done(() =>
        core.fault(
          (core.get('cr4') & cr4Bits.OSXMMEXCPT) === 0 ? vectors.invalidOpcode : vectors.streamingFloatingPoint,
        ),
      ),
    /** Stores the offered bytes whose mask's top bit is set: all of them or, after a fault, none. */
    maskedStore: (offset: number, bytes: number) =>
      done(() => {
        const segment = core.view.getUint16(core.get('currentRecord') + record.segment, true);
        const chosen = Array.from({ length: bytes }, (_, index) => index).filter(
          (index) => (core.u8[regions.block + 16 + index]! & 0x80) !== 0,
        );
        const places = chosen.map((index) => ({ index, linear: writableLinear(core, segment, offset + index, 1) }));
        for (const { index, linear } of places) {
          core.writeLinear(linear, core.u8[regions.block + index]!, 1, core.userLevel);
        }
      }),
  };
}

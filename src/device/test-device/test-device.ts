/**
 * Test device: what kernels use to test the processor and the interrupt controllers under them. Ports that keep what is written, lines
 * that software drives as a device would, and memory that is reached over the bus.
 *
 * Source: QEMU's device `pc-testdev` by its interface, as programs see it (offsets from E0h): four ports that keep 32 bits, accessed in
 * any width; four where the address of a page is written of which translations are to be forgotten, which a processor need not be told;
 * the same 32 bits once more. 24 ports at 2000h drive the interrupt inputs of the I/O APIC; 64 KiB of memory are at FF000000h. No real
 * board has it; it is absent unless a description asks for it.
 *
 * Not modelled: see `notModelled` below.
 */
import { bytes, flag, repeat, struct, u32 } from '../../state/schema.js';
import { defineDevice, type DeviceContext, type Width } from '../device.js';

/** How much there is of everything. */
export const testDeviceSizes = { lines: 24, memoryBytes: 0x1_0000 } as const;

interface State {
  data: number;
  memory: Uint8Array;
  lines: boolean[];
}

export interface TestDeviceBoard {
  /** Drives an interrupt line. */
  line(number: number, level: boolean): void;
}

type Context = DeviceContext<State, never, TestDeviceBoard>;

const masks: Readonly<Record<Width, number>> = { 1: 0xff, 2: 0xffff, 4: 0xffff_ffff };

/** Reads a value of `width` bytes, little-endian. */
function littleEndian(memory: Uint8Array, offset: number, width: Width): number {
  let value = 0;
  for (let index = 0; index < width; index++) value += memory[offset + index]! * 2 ** (8 * index);
  return value;
}

export const testDevice = defineDevice({
  name: 'testDevice',
  source: 'QEMU, pc-testdev',
  notModelled: ['forgetting a page of the emulator: translations follow the tables and what the processor is told'],
  registers: {},
  inputs: [],
  outputs: [],
  state: struct<State>({
    data: u32(),
    memory: bytes(testDeviceSizes.memoryBytes),
    lines: repeat(testDeviceSizes.lines, flag()),
  }),
  reset({ board, state: { lines } }: Context) {
    lines.forEach((level, line) => board.line(line, level));
  },
  read: {},
  write: {},
  operations: {
    /** Offsets within the four ports; the bus splits an access that crosses their end. */
    readPort({ state }: Context, offset: number, width: Width): number {
      return ((state.data >>> (8 * offset)) & masks[width]) >>> 0;
    },
    writePort({ state }: Context, offset: number, value: number, width: Width): void {
      const shift = 8 * offset;
      state.data = ((state.data & ~(masks[width] << shift)) | ((value & masks[width]) << shift)) >>> 0;
    },
    /** Any value but zero raises the line. */
    writeLine({ state, board }: Context, line: number, value: number): void {
      state.lines[line] = value !== 0;
      board.line(line, value !== 0);
    },
    readMemory: ({ state }: Context, offset: number, width: Width): number => littleEndian(state.memory, offset, width),
    writeMemory({ state }: Context, offset: number, value: number, width: Width): void {
      for (let index = 0; index < width; index++) state.memory[offset + index] = (value >>> (8 * index)) & 0xff;
    },
  },
});

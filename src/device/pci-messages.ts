/**
 * MSI-X: a table of messages that a PCI function sends in the place of its interrupt pin, and the bits of those that wait. It fills
 * a range of the function's own; the function's configuration space holds the register that switches it on.
 *
 * Source: PCI Local Bus Specification, revision 3.0, section 6.8.2.
 */
import { repeat, type StateOf, struct, u32 } from '../state/schema.js';
import { defineDevice, type DeviceContext, type Width } from './device.js';
import type { PciCapability, PciMessages, PciRange } from './pci-identity.js';
import { type FileRegister, registerFile } from './register-file.js';

/** The capability's identifier, and the bits of its message control register. */
export const messageCapability = { id: 0x11, enable: 0x8000, maskAll: 0x4000 } as const;
/** The range that the table and the pending bits fill. */
export const messageRange: PciRange = { kind: 'memory', bytes: 4096 };
const pendingAt = 0x800;
const entryBytes = 16;
const vectorsMost = 32;
const maskBit = 1;

/** The capability that leads to the table (section 6.8.2.1). */
export function capabilityOf({ range, vectors }: PciMessages): PciCapability {
  const control = [vectors - 1, 0];
  return {
    id: messageCapability.id,
    body: [...control, range, 0, 0, 0, range, pendingAt >> 8, 0, 0],
    writable: [0, (messageCapability.enable | messageCapability.maskAll) >> 8],
  };
}

const messageState = (vectors: number) =>
  struct({
    entries: repeat(vectors, struct({ low: u32(), high: u32(), data: u32(), control: u32(maskBit) })),
    /** The messages that wait for their mask, one bit each. */
    pending: u32(),
  });
type State = StateOf<ReturnType<typeof messageState>>;

/** What the board does for the table. */
export interface MessageBoard {
  /** The message control register as it is now. */
  readonly control: () => number;
  /** Writes a doubleword as a master of the bus. */
  readonly send: (address: number, data: number) => void;
}
type Context = DeviceContext<State, never, MessageBoard>;

const bitOf = (vector: number): number => 2 ** vector;

/** Sends what waits and is masked no more. */
function sendPending({ state, board }: Context): void {
  const control = board.control();
  if ((control & messageCapability.enable) === 0 || (control & messageCapability.maskAll) !== 0) return;
  state.entries.forEach((entry, vector) => {
    if ((state.pending & bitOf(vector)) === 0 || (entry.control & maskBit) !== 0) return;
    state.pending = (state.pending & ~bitOf(vector)) >>> 0;
    board.send(entry.high * 2 ** 32 + entry.low, entry.data);
  });
}

function entryRegisters(vector: number): FileRegister<Context>[] {
  const field = (name: keyof State['entries'][number], at: number, kept: number): FileRegister<Context> => ({
    offset: vector * entryBytes + at,
    bytes: 4,
    read: ({ state }) => state.entries[vector]![name],
    write(context, value) {
      context.state.entries[vector]![name] = (value & kept) >>> 0;
      sendPending(context);
    },
  });
  return [field('low', 0, ~3), field('high', 4, ~0), field('data', 8, ~0), field('control', 12, maskBit)];
}

/** The table of a function as a chip of its own. */
export function pciMessages(name: string, { vectors }: PciMessages) {
  const registers = registerFile<Context>([
    ...Array.from({ length: Math.min(vectors, vectorsMost) }, (_, vector) => entryRegisters(vector)).flat(),
    { offset: pendingAt, bytes: 4, read: ({ state }) => state.pending },
  ]);
  return defineDevice({
    name,
    source: 'PCI Local Bus Specification, revision 3.0, section 6.8.2',
    notModelled: ['more than 32 vectors', 'messages of one function in an order other than that of their vectors'],
    registers: {},
    inputs: [],
    outputs: [],
    state: messageState(vectors),
    reset: sendPending, // Nothing: none waits any more.
    read: {},
    write: {},
    operations: {
      readRegister: (context: Context, offset: number, width: Width): number => registers.read(context, offset, width),
      writeRegister: (context: Context, offset: number, value: number, width: Width): void =>
        registers.write(context, offset, value, width),
      /** The function has an event: its message goes, or waits. */
      request(context: Context, vector: number): void {
        context.state.pending = (context.state.pending | bitOf(vector)) >>> 0;
        sendPending(context);
      },
      /** The message control register was written. */
      controlChanged: sendPending,
    },
  });
}

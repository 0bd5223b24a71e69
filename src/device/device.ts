import { assert } from '../base/assert.js';
import type { Frequency } from '../clock/divider.js';
import { type Difference, diffStates, type Field, loadState, resetState, saveState } from '../state/schema.js';

/** Bytes moved by one port or memory access. */
export type Width = 1 | 2 | 4;

/** Sets an output line's level. Calling it with the level the line already has changes nothing. */
export type Drive = (level: boolean) => void;

/** What a chip's functions are given: its state, its output lines, and what the board lets it reach. */
export interface DeviceContext<State, Output extends string, Capabilities> {
  readonly state: State;
  /** Drives an output. The chip does not know who listens. */
  readonly lines: Readonly<Record<Output, Drive>>;
  /** What the board grants: a disk image, a DMA channel, a sink for transmitted bytes. */
  readonly board: Capabilities;
}

type Operations<Context> = Readonly<Record<string, (context: Context, ...args: never[]) => unknown>>;

/**
 * A chip as data: where its behaviour comes from, its registers and lines, its state, and what it does.
 * A chip names no other chip and no interrupt number; `machine/` connects lines, ports and capabilities.
 */
export interface DeviceDefinition<
  State extends object,
  Register extends string,
  Input extends string,
  Output extends string,
  Capabilities,
  Ops extends Operations<DeviceContext<State, Output, Capabilities>>,
> {
  readonly name: string;
  /** The datasheet, with its order number. */
  readonly source: string;
  /** What the datasheet has and this chip does not, one phrase each. */
  readonly notModelled: readonly string[];
  /** The chip's own clock; absent for a chip without time. */
  readonly clock?: Frequency;
  /** The offset of each register from the chip's base port; several names may not share one offset. */
  readonly registers: Readonly<Record<Register, number>>;
  readonly inputs: readonly Input[];
  readonly outputs: readonly Output[];
  /** Every bit the chip remembers, declared once. */
  readonly state: Field<State>;
  /** The reset pin, after the state took its declared initial values. Absent: nothing more to do. */
  readonly reset?: (context: DeviceContext<State, Output, Capabilities>) => void;
  /** Moves the chip's own time on; called before every access, never with more ticks than `nextEdge` promised. */
  readonly advance?: (context: DeviceContext<State, Output, Capabilities>, ticks: number) => void;
  /** Own ticks (at least 1) until the chip may next change a line by itself; `Infinity` for never. Pure. */
  readonly nextEdge?: (context: DeviceContext<State, Output, Capabilities>) => number;
  /**
   * Reads of each readable register; a missing one answers as an open bus, and so does one that gives undefined (it is
   * switched off). The result is masked to the width.
   */
  readonly read: Partial<
    Record<Register, (context: DeviceContext<State, Output, Capabilities>, width: Width) => number | undefined>
  >;
  /** Writes of each writable register; one that gives false is switched off and took nothing. */
  readonly write: Partial<
    Record<Register, (context: DeviceContext<State, Output, Capabilities>, value: number, width: Width) => void | false>
  >;
  /**
   * Many reads of a register that is a window to a buffer, `width` bytes each and one after another into `into`: as many of them as
   * do nothing but move on in the buffer. Gives the bytes moved, whole accesses; those left are read singly, with whatever they cause.
   */
  readonly readMany?: Partial<
    Record<
      NoInfer<Register>,
      (context: DeviceContext<State, Output, Capabilities>, into: Uint8Array, width: Width) => number
    >
  >;
  /** Many writes likewise. */
  readonly writeMany?: Partial<
    Record<
      NoInfer<Register>,
      (context: DeviceContext<State, Output, Capabilities>, from: Uint8Array, width: Width) => number
    >
  >;
  /**
   * Whether a read that gave a value changed nothing and would give it again and again until somebody else touches the chip or it comes
   * to its next edge: what guests wait for in loops need not be asked each time.
   */
  readonly steady?: Partial<Record<NoInfer<Register>, (value: number) => boolean>>;
  /** Input lines; the chip keeps the level in its state if it matters later. */
  readonly input?: Record<Input, (context: DeviceContext<State, Output, Capabilities>, level: boolean) => void>;
  /** What the board may ask beyond registers and lines: an interrupt acknowledge cycle, a DMA byte, a received byte. */
  readonly operations?: Ops;
}

/** A register of a chip on a board, as `Device.read` and `Device.write` reach it. */
export interface RegisterAccess {
  read(width: Width): number | undefined;
  write(value: number, width: Width): boolean;
  /** Whether a byte that was read is `DeviceDefinition.steady`. */
  isSteady?(value: number): boolean;
  /** Many reads at once, as `DeviceDefinition.readMany` has them; gives the bytes moved, 0 where the register has no such way. */
  readMany(into: Uint8Array, width: Width): number;
  writeMany(from: Uint8Array, width: Width): number;
}

type Bound<Ops> = {
  readonly [Name in keyof Ops]: Ops[Name] extends (context: never, ...args: infer Args) => infer Result
    ? (...args: Args) => Result
    : never;
};

/** A chip on a board. All it remembers is in `state`; `operations` are the definition's, bound to this chip. */
export interface Device<
  State = unknown,
  Register extends string = string,
  Input extends string = string,
  Ops = unknown,
> {
  readonly name: string;
  readonly clock: Frequency | undefined;
  readonly registers: Readonly<Record<Register, number>>;
  readonly state: State;
  readonly operations: Bound<Ops>;
  /** Reads a register; `undefined` when nothing drives the bus. */
  read(register: Register, width?: Width): number | undefined;
  /** Writes a register; false when the chip ignores writes there. */
  write(register: Register, value: number, width?: Width): boolean;
  /** The way to one register, for whoever takes it often. */
  access(register: Register): RegisterAccess;
  input(line: Input, level: boolean): void;
  /** Moves own time on by any number of ticks, stopping at every edge on the way. */
  advance(ticks: number): void;
  nextEdge(): number;
  reset(): void;
  save(): Uint8Array;
  load(saved: Uint8Array): void;
  /** The differences between this chip's state and another saved one, this chip's on the left. */
  diff(saved: Uint8Array): Difference[];
}

/** Types a chip definition; returns it unchanged. */
export function defineDevice<
  State extends object,
  Register extends string,
  Input extends string = never,
  Output extends string = never,
  Capabilities = unknown,
  Ops extends Operations<DeviceContext<State, Output, Capabilities>> = Record<never, never>,
>(
  definition: DeviceDefinition<State, Register, Input, Output, Capabilities, Ops>,
): DeviceDefinition<State, Register, Input, Output, Capabilities, Ops> {
  const offsets = Object.values(definition.registers);
  assert(new Set(offsets).size === offsets.length, `${definition.name}: one register an offset`);
  return definition;
}

/** Puts a chip on a board: connects its outputs and capabilities, and resets it. */
export function createDevice<
  State extends object,
  Register extends string,
  Input extends string,
  Output extends string,
  Capabilities,
  Ops extends Operations<DeviceContext<State, Output, Capabilities>>,
>(
  definition: DeviceDefinition<State, Register, Input, Output, Capabilities, Ops>,
  connections: { readonly lines: Readonly<Record<Output, Drive>>; readonly board: Capabilities },
): Device<State, Register, Input, Ops> {
  const state = definition.state.initial();
  const context = { state, lines: connections.lines, board: connections.board };
  const operations = Object.fromEntries(
    Object.entries(definition.operations ?? {}).map(([name, operation]) => [
      name,
      (...args: never[]) => operation(context, ...args),
    ]),
  ) as Bound<Ops>;
  const nextEdge = (): number => definition.nextEdge?.(context) ?? Infinity;
  const { read, write, readMany, writeMany, steady } = definition;
  const accesses = Object.fromEntries(
    (Object.keys(definition.registers) as Register[]).map((register) => [
      register,
      new BoundRegister(
        context,
        read[register],
        write[register],
        readMany?.[register],
        writeMany?.[register],
        steady?.[register],
      ),
    ]),
  ) as Record<string, RegisterAccess> as Record<Register, RegisterAccess>;
  const device: Device<State, Register, Input, Ops> = {
    name: definition.name,
    clock: definition.clock,
    registers: definition.registers,
    state,
    operations,
    nextEdge,
    read: (register, width = 1) => device.access(register).read(width),
    write: (register, value, width = 1) => device.access(register).write(value, width),
    access: (register) => accesses[register],
    input: (line, level) => definition.input?.[line](context, level),
    advance(ticks) {
      let left = ticks;
      while (left > 0) {
        const edge = nextEdge();
        assert(edge >= 1, `${definition.name}: the next edge lies ahead`);
        const step = Math.min(left, edge);
        definition.advance?.(context, step);
        left -= step;
      }
    },
    reset() {
      resetState(definition.state, state);
      definition.reset?.(context);
    },
    save: () => saveState(definition.state, state),
    load: (saved) => loadState(definition.state, saved, state),
    diff(saved) {
      const other = definition.state.initial();
      loadState(definition.state, saved, other);
      return diffStates(definition.state, state, other);
    },
  };
  device.reset();
  return device;
}

/** The low bytes of a value. */
function cut(value: number, width: Width): number {
  if (width === 1) return value & 0xff;
  return width === 2 ? value & 0xffff : value >>> 0;
}

/** One register of a chip on a board. */
class BoundRegister<Context> implements RegisterAccess {
  constructor(
    private readonly context: Context,
    private readonly reads: ((context: Context, width: Width) => number | undefined) | undefined,
    private readonly writes: ((context: Context, value: number, width: Width) => void | false) | undefined,
    private readonly readsMany: ((context: Context, into: Uint8Array, width: Width) => number) | undefined,
    private readonly writesMany: ((context: Context, from: Uint8Array, width: Width) => number) | undefined,
    private readonly steady: ((value: number) => boolean) | undefined,
  ) {}

  read(width: Width): number | undefined {
    const { reads } = this;
    const value = reads === undefined ? undefined : reads(this.context, width);
    return value === undefined ? undefined : cut(value, width);
  }
  write(value: number, width: Width): boolean {
    const { writes } = this;
    return writes !== undefined && writes(this.context, value, width) !== false;
  }
  isSteady(value: number): boolean {
    return this.steady?.(value) ?? false;
  }
  readMany(into: Uint8Array, width: Width): number {
    return this.readsMany?.(this.context, into, width) ?? 0;
  }
  writeMany(from: Uint8Array, width: Width): number {
    return this.writesMany?.(this.context, from, width) ?? 0;
  }
}

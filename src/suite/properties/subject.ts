/** What the property tests need to know of a chip: how to make it, what to do to it, and how it should answer. */
import type fc from 'fast-check';
import type { Device, Drive } from '../../device/device.js';

/** One thing that the rest of a machine does to a chip. */
export type Step =
  | { readonly kind: 'read'; readonly register: string }
  | { readonly kind: 'write'; readonly register: string; readonly value: number }
  | { readonly kind: 'input'; readonly line: string; readonly level: boolean }
  /** An operation of the definition; the arguments are plain JSON values. */
  | { readonly kind: 'operation'; readonly name: string; readonly arguments: readonly unknown[] }
  /** The chip's own time moves on; at least 1 tick. */
  | { readonly kind: 'advance'; readonly ticks: number };

/** A chip whose types do not matter here: names are checked where steps come from outside. */
export type AnyDevice = Device<unknown, string, string, Record<string, (context: never, ...args: never[]) => unknown>>;

/** What watches a chip. */
export interface Observer {
  /** The listener on an output line. */
  readonly line: (name: string) => Drive;
  /** Something else that leaves the chip, in print: a transmitted byte, a disk request. Called at the moment it leaves. */
  readonly note: (text: string) => void;
}

/** What watches a model, which also says when its own time passes. */
export interface ModelObserver extends Observer {
  /** The next `ticks` ticks have passed; what is driven or noted afterwards happens at their end. */
  readonly elapse: (ticks: number) => void;
}

/**
 * The datasheet once more, written apart from the chip and in other terms. It answers every step; where the datasheet
 * leaves something undefined it says what the chip promises. Lines that change in one access are driven in the chip's order.
 */
export interface DeviceModel {
  read(register: string): number | undefined;
  write(register: string, value: number): void;
  input?(line: string, level: boolean): void;
  operation?(name: string, args: readonly unknown[]): unknown;
  /** Passes exactly `ticks` ticks through {@link ModelObserver.elapse}. Absent for a chip without time. */
  advance?(ticks: number): void;
}

/** A chip under property tests. */
export interface PropertySubject {
  readonly name: string;
  /** What the command line calls it, when that covers several subjects; default `name`. */
  readonly device?: string;
  /** A new chip; called many times, and must give equal chips. Its outputs drive the observer's lines. */
  readonly create: (observer: Observer) => AnyDevice;
  /** Steps to choose from; steps that belong together come as an array. */
  readonly steps: fc.Arbitrary<Step | readonly Step[]>;
  /** Absent: only the properties that hold for every chip are tested. */
  readonly model?: (observer: ModelObserver) => DeviceModel;
  /** The fields of a written value in words. */
  readonly describe?: (register: string, value: number) => string | undefined;
}

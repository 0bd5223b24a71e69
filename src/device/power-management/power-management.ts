/**
 * Power management of the 82371AB (PIIX4), function 3: the ACPI registers with their timer, the power button, sleeping, and an
 * SMBus host controller with nothing on its bus.
 *
 * Source: Intel 82371AB (PIIX4) data sheet, order number 290562, chapter 7; ACPI Specification 1.0b, section 4.7.
 * Not in the data sheet: the sleep button of ACPI's fixed hardware (bit 9 of status and enable).
 * Not modelled: see `notModelled` below.
 */
import { bytes, count, flag, struct, u16, u8 } from '../../state/schema.js';
import { defineDevice, type DeviceContext, type Width } from '../device.js';
import type { PciOwnRegister } from '../pci-function.js';
import type { PciIdentity } from '../pci-identity.js';

export const powerManagementIdentity: PciIdentity = {
  vendor: 0x8086,
  device: 0x7113,
  revision: 0x03,
  classCode: 0x068000,
  interruptPin: 1,
  commandBits: 0x0001,
};

/** Registers of its own in configuration space (section 7.1), with their values after reset. */
export const powerManagementRegisters: readonly PciOwnRegister[] = [
  { offset: 0x06, initial: [0x80, 0x02], clearable: [0, 0x39] },
  { offset: 0x40, initial: [0x01, 0, 0, 0], writable: [0xc0, 0xff, 0, 0] }, // Base of the power management ports.
  { offset: 0x44, initial: Array<number>(0x14).fill(0), writable: Array<number>(0x14).fill(0xff) },
  // Device activity B: its bit 25 is set, as firmware leaves it when commands at APMC are being answered.
  { offset: 0x58, initial: [0, 0, 0, 0x02], writable: [0xff, 0xff, 0xff, 0xff] },
  { offset: 0x5c, initial: Array<number>(0x24).fill(0), writable: Array<number>(0x24).fill(0xff) },
  { offset: 0x80, initial: [0x00], writable: [0x01] }, // Power management ports enabled.
  { offset: 0x90, initial: [0x01, 0, 0, 0], writable: [0xf0, 0xff, 0, 0] }, // Base of the SMBus ports.
  { offset: 0xd2, initial: [0x00, 0x00, 0x00, 0x00], writable: [0x0f, 0xff, 0xff, 0xff] },
];

/** The two ranges of ports, as the configuration registers give them. */
export const portRanges = {
  powerManagement: { base: 0x40, enable: 0x80, count: 64, mask: 0xffc0 },
  systemManagementBus: { base: 0x90, enable: 0xd2, count: 16, mask: 0xfff0 },
} as const;

/** Bits of PM1 status and enable (section 7.2.1). */
const events = {
  timer: 0x0001,
  global: 0x0020,
  powerButton: 0x0100,
  sleepButton: 0x0200,
  rtc: 0x0400,
  wake: 0x8000,
} as const;
const statusBits =
  events.timer | events.global | events.powerButton | events.sleepButton | events.rtc | events.wake | 0x0810;
const enableBits = events.timer | events.global | events.powerButton | events.sleepButton | events.rtc;
const control = { sciEnable: 0x0001, writable: 0x1c07, sleepEnable: 0x2000, sleepTypeShift: 10 } as const;
/** Types of sleep (section 7.2.3): 0 is soft off. */
const softOff = 0;

/** The timer has 24 bits; its status is set whenever bit 23 changes. */
const timerBits = 24;
const timerHalf = 2 ** (timerBits - 1);

interface State {
  status: number;
  enable: number;
  control: number;
  ticks: number;
  asleep: boolean;
  generalStatus: number;
  generalEnable: number;
  other: Uint8Array;
  busStatus: number;
  bus: Uint8Array;
  command: number;
  commandStatus: number;
}
export interface PowerManagementBoard {
  readonly powerOff: () => void;
}
type Context = DeviceContext<State, 'interrupt', PowerManagementBoard>;

function driveInterrupt({ state, lines }: Context): void {
  const isOn = (state.control & control.sciEnable) !== 0;
  lines.interrupt(isOn && (state.status & state.enable & enableBits) !== 0);
}

/** Something happened that wakes a sleeping machine where it is enabled. */
function happen(context: Context, bit: number): void {
  const { state } = context;
  state.status |= bit;
  if (state.asleep && (state.enable & bit) !== 0) {
    state.asleep = false;
    state.status |= events.wake;
  }
  driveInterrupt(context);
}

function writeControl(context: Context, value: number): void {
  const { state, board } = context;
  state.control = value & control.writable;
  if ((value & control.sleepEnable) !== 0) {
    if (((value >> control.sleepTypeShift) & 7) === softOff) board.powerOff();
    else state.asleep = true;
  }
  driveInterrupt(context);
}

/** A 16-bit register's byte replaced by a narrower write. */
const merged = (old: number, offset: number, value: number, width: Width): number =>
  width >= 2 ? value & 0xffff : offset === 0 ? (old & 0xff00) | value : (old & 0x00ff) | (value << 8);

function readWord({ state }: Context, offset: number): number {
  switch (offset) {
    case 0x00:
      return state.status;
    case 0x02:
      return state.enable;
    case 0x04:
      return state.control;
    case 0x08:
      return state.ticks & 0xffff;
    case 0x0a:
      return (state.ticks >>> 16) & 0xff;
    case 0x0c:
      return state.generalStatus;
    case 0x0e:
      return state.generalEnable;
    default:
      return state.other[offset]! | (state.other[offset + 1]! << 8);
  }
}

function writeWord(context: Context, offset: number, within: number, value: number, width: Width): void {
  const { state } = context;
  const bits = merged(0, within, value, width);
  switch (offset) {
    case 0x00:
      state.status &= ~(bits & statusBits); // Ones clear.
      break;
    case 0x02:
      state.enable = merged(state.enable, within, value, width) & enableBits;
      break;
    case 0x04:
      return writeControl(context, merged(state.control, within, value, width));
    case 0x08:
    case 0x0a:
      return; // The timer is only read.
    case 0x0c:
      state.generalStatus &= ~bits;
      break;
    case 0x0e:
      state.generalEnable = merged(state.generalEnable, within, value, width);
      break;
    default: {
      const whole = merged(readWord(context, offset), within, value, width);
      state.other[offset] = whole & 0xff;
      state.other[offset + 1] = whole >> 8;
    }
  }
  driveInterrupt(context);
}

/** SMBus host registers (section 7.3): a transaction finds nobody at its address. */
const bus = { status: 0, control: 2, start: 0x40, deviceError: 0x04, statusBits: 0x1e } as const;

/** What APMC, written by ACPI systems, asks of system management: the chip's control goes to ACPI, or back. */
const commands = { acpiEnable: 0xf1, acpiDisable: 0xf0 } as const;

/** Power management. The board's ports reach it by offset; `timerTicks` are its own clock's. */
export const powerManagement = defineDevice({
  name: 'powerManagement',
  source: 'Intel 82371AB (PIIX4), order number 290562, chapter 7',
  notModelled: [
    'suspend to memory: sleep types other than soft off stop nothing but wait for a wake event',
    'system management interrupts: a command at APMC is answered at once, as if firmware had done it; device monitors, clock control, the global standby timer and general purpose pins beyond their registers',
    'devices on the SMBus: every transaction ends with a device error',
  ],
  clock: { numerator: 14_318_180, denominator: 4 },
  registers: {},
  inputs: [],
  outputs: ['interrupt'],
  state: struct<State>({
    status: u16(),
    enable: u16(),
    control: u16(),
    ticks: count(),
    asleep: flag(),
    generalStatus: u16(),
    generalEnable: u16(),
    other: bytes(64),
    busStatus: u8(),
    bus: bytes(16),
    command: u8(),
    commandStatus: u8(),
  }),
  reset: driveInterrupt,
  advance(context: Context, ticks) {
    const { state } = context;
    const before = state.ticks;
    state.ticks = (before + ticks) % 2 ** timerBits;
    if (Math.floor((before + ticks) / timerHalf) !== Math.floor(before / timerHalf)) happen(context, events.timer);
  },
  nextEdge: ({ state }: Context) => timerHalf - (state.ticks % timerHalf),
  read: {},
  write: {},
  operations: {
    readRegister(context: Context, offset: number, width: Width): number {
      const low = readWord(context, offset & ~1) >>> (8 * (offset & 1));
      return width <= 2 ? low : (low | (readWord(context, (offset & ~1) + 2) << 16)) >>> 0;
    },
    writeRegister(context: Context, offset: number, value: number, width: Width): void {
      writeWord(context, offset & ~1, offset & 1, value & 0xffff, width);
      if (width === 4) writeWord(context, (offset & ~1) + 2, 0, value >>> 16, 2);
    },
    readBus: ({ state }: Context, offset: number): number =>
      offset === bus.status ? state.busStatus : state.bus[offset]!,
    writeBus({ state }: Context, offset: number, value: number): void {
      if (offset === bus.status) {
        state.busStatus &= ~(value & bus.statusBits);
        return;
      }
      state.bus[offset] = value;
      if (offset === bus.control && (value & bus.start) !== 0) {
        state.bus[offset] = value & ~bus.start;
        state.busStatus |= bus.deviceError;
      }
    },
    /** APMC and APMS (ports B2h and B3h): the command written last, and a byte for whoever answers it. */
    readCommand: ({ state }: Context, offset: number): number => (offset === 0 ? state.command : state.commandStatus),
    writeCommand(context: Context, offset: number, value: number): void {
      const { state } = context;
      if (offset !== 0) {
        state.commandStatus = value;
        return;
      }
      state.command = value;
      if (value === commands.acpiEnable) state.control |= control.sciEnable;
      if (value === commands.acpiDisable) state.control &= ~control.sciEnable;
      driveInterrupt(context);
    },
    powerButton: (context: Context) => happen(context, events.powerButton),
    sleepButton: (context: Context) => happen(context, events.sleepButton),
    rtcAlarm: (context: Context) => happen(context, events.rtc),
  },
});

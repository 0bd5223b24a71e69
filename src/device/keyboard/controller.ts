/**
 * Keyboard controller (8042) with its keyboard and mouse: ports 60h and 64h, the A20 gate, the processor's reset, interrupts.
 *
 * Source: IBM Personal System/2 Hardware Interface Technical Reference, "Keyboard and auxiliary device controller"; input and
 * output port: IBM PC AT Technical Reference, "Keyboard controller"; the chip: Intel UPI-41AH/42AH (order number 210393).
 *
 * Not modelled: see `notModelled` below.
 */
import { UserError } from '../../base/errors.js';
import { hex } from '../../base/integers.js';
import { defineDevice, type DeviceContext } from '../device.js';
import { advanceKeyboard, hasByte, moveKey, receive, sendByte } from './keyboard.js';
import { advanceMouse, mouseHasByte, moveMouse, receiveByMouse, sendByMouse } from './mouse.js';
import { isKey, translate } from './scan-codes.js';
import { type Controller, controllerState, ticksPerSecond, times } from './state.js';

/** The command byte. */
const commandByte = {
  keyboardInterrupt: 0x01,
  auxiliaryInterrupt: 0x02,
  systemFlag: 0x04,
  keyboardDisabled: 0x10,
  auxiliaryDisabled: 0x20,
  translate: 0x40,
} as const;

/** Port 64h, read. */
const status = {
  outputFull: 0x01,
  inputFull: 0x02,
  systemFlag: 0x04,
  command: 0x08,
  notInhibited: 0x10,
  auxiliaryOutputFull: 0x20,
  timedOut: 0x40,
} as const;

/** The output port; bits 4 and 5 follow the output buffer, 6 and 7 are the cable. */
const outputPort = { notReset: 0x01, a20: 0x02, keyboardFull: 0x10, auxiliaryFull: 0x20, cable: 0xc0 } as const;

/** Keyboard not locked, colour display, no manufacturing jumper, second 256 KiB of memory on the board. */
const inputPort = 0xb0;

/** What the board connects. */
export interface KeyboardBoard {
  /** Something is on the auxiliary connector. */
  readonly mouse: boolean;
  /** Keyboard and mouse are QEMU's: the result of their self test stands right behind the acknowledgement. */
  readonly asQemu?: boolean;
}

type Context = DeviceContext<Controller, 'interrupt' | 'auxiliaryInterrupt' | 'a20' | 'reset', KeyboardBoard>;

function driveInterrupts({ state, lines }: Context): void {
  const enabled = state.memory[0]!;
  lines.interrupt(state.outputSource === 'keyboard' && (enabled & commandByte.keyboardInterrupt) !== 0);
  lines.auxiliaryInterrupt(state.outputSource === 'auxiliary' && (enabled & commandByte.auxiliaryInterrupt) !== 0);
}

function fillOutput(context: Context, value: number, source: 'keyboard' | 'auxiliary', timedOut = false): void {
  const { state } = context;
  state.output = value;
  state.outputSource = source;
  state.timedOut = timedOut;
  driveInterrupts(context);
}

/** A self test that has begun ends at once. */
function hastenSelfTest(unit: Controller['keyboard' | 'mouse']): void {
  if (unit.ticksToSelfTestEnd !== Infinity) unit.ticksToSelfTestEnd = times.selfTestAsQemu;
}

/** Gives the controller's own answer: at once, or as soon as the output buffer is free. */
function answer(context: Context, value: number): void {
  const { answers, outputSource } = context.state;
  if (outputSource === 'none') fillOutput(context, value, 'keyboard');
  else if (answers.length < 4) answers.push(value);
}

/** Whether the controller is sending, or waits for an answer that cannot come. */
function sends({ ticksToKeyboard, ticksToMouse, ticksToAuxiliaryTimeout }: Controller): boolean {
  return Math.min(ticksToKeyboard, ticksToMouse, ticksToAuxiliaryTimeout) !== Infinity;
}

/**
 * Lets the keyboard or the mouse begin a byte when nothing stands in its way, and stops it when something does. One cable at
 * a time is clocked; what is not sent to the end is sent again.
 */
function arbitrateCables(state: Controller): void {
  const clear = state.outputSource === 'none' && !sends(state);
  const enables = (disabled: number): boolean => clear && (state.memory[0]! & disabled) === 0;
  const keyboard = enables(commandByte.keyboardDisabled) && hasByte(state.keyboard);
  const mouse = enables(commandByte.auxiliaryDisabled) && mouseHasByte(state.mouse);
  if (!keyboard) state.ticksFromKeyboard = Infinity;
  if (!mouse) state.ticksFromMouse = Infinity;
  if (Math.min(state.ticksFromKeyboard, state.ticksFromMouse) !== Infinity) return;
  if (keyboard) state.ticksFromKeyboard = times.byteOnCable;
  else if (mouse) state.ticksFromMouse = times.byteOnCable;
}

/** A byte of the keyboard has crossed the cable; a translated F0h only marks the byte behind it. */
function takeKeyboardByte(context: Context): void {
  const { state } = context;
  state.ticksFromKeyboard = Infinity;
  const byte = sendByte(state.keyboard);
  if (!(state.memory[0]! & commandByte.translate)) return fillOutput(context, byte, 'keyboard');
  if (byte === 0xf0) {
    state.translatingBreak = true;
    return;
  }
  fillOutput(context, translate(byte) | (state.translatingBreak ? 0x80 : 0), 'keyboard');
  state.translatingBreak = false;
}

function sendToKeyboard(state: Controller, value: number): void {
  state.toKeyboard = value;
  state.ticksToKeyboard = times.byteOnCable;
  // Sending enables the interface.
  state.memory[0]! &= ~commandByte.keyboardDisabled;
}

function sendToAuxiliary({ state, board }: Context, value: number): void {
  if (!board.mouse) {
    state.ticksToAuxiliaryTimeout = times.auxiliaryTimeout;
    return;
  }
  state.toMouse = value;
  state.ticksToMouse = times.byteOnCable;
}

function writeOutputPort({ state, lines }: Context, value: number): void {
  state.outputPort = value & (outputPort.notReset | outputPort.a20);
  lines.a20((value & outputPort.a20) !== 0);
  lines.reset((value & outputPort.notReset) === 0);
}

function readOutputPort({ outputPort: value, outputSource }: Controller): number {
  const keyboard = outputSource === 'keyboard' ? outputPort.keyboardFull : 0;
  const auxiliary = outputSource === 'auxiliary' ? outputPort.auxiliaryFull : 0;
  return value | keyboard | auxiliary | outputPort.cable;
}

function changeCommandByte(state: Controller, bit: number, level: boolean): void {
  state.memory[0] = level ? state.memory[0]! | bit : state.memory[0]! & ~bit;
}

/** Commands without a parameter, by their code. */
const commands: Readonly<Record<number, (context: Context) => void>> = {
  0xa4: (context) => answer(context, 0xf1), // No password is installed.
  0xa7: ({ state }) => changeCommandByte(state, commandByte.auxiliaryDisabled, true),
  0xa8: ({ state }) => changeCommandByte(state, commandByte.auxiliaryDisabled, false),
  0xa9: (context) => answer(context, 0x00), // The auxiliary lines are not stuck.
  0xaa(context) {
    context.state.memory[0]! |= commandByte.systemFlag;
    answer(context, 0x55);
  },
  0xab: (context) => answer(context, 0x00), // The keyboard's lines are not stuck.
  0xad: ({ state }) => changeCommandByte(state, commandByte.keyboardDisabled, true),
  0xae: ({ state }) => changeCommandByte(state, commandByte.keyboardDisabled, false),
  0xc0: (context) => answer(context, inputPort),
  0xd0: (context) => answer(context, readOutputPort(context.state)),
  0xdd: (context) => writeOutputPort(context, outputPort.notReset),
  0xdf: (context) => writeOutputPort(context, outputPort.notReset | outputPort.a20),
  0xe0: (context) => answer(context, 0x03), // Clock and data of the keyboard are high.
};

const pulse = ({ lines }: Context, code: number): void => {
  if (code & outputPort.notReset) return;
  lines.reset(true);
  lines.reset(false);
};

function writeCommand(context: Context, code: number): void {
  const { state } = context;
  state.lastWriteWasCommand = true;
  state.pendingCommand = 0;
  if (code >= 0x20 && code <= 0x3f) answer(context, state.memory[code & 0x1f]!);
  else if ((code >= 0x60 && code <= 0x7f) || (code >= 0xd1 && code <= 0xd4)) state.pendingCommand = code;
  else if (code >= 0xf0) pulse(context, code);
  else commands[code]?.(context);
}

function writeData(context: Context, value: number): void {
  const { state } = context;
  const command = state.pendingCommand;
  state.lastWriteWasCommand = false;
  state.pendingCommand = 0;
  if (command === 0) sendToKeyboard(state, value);
  else if (command <= 0x7f) state.memory[command & 0x1f] = value;
  else if (command === 0xd1) writeOutputPort(context, value);
  else if (command === 0xd2) fillOutput(context, value, 'keyboard');
  else if (command === 0xd3) fillOutput(context, value, 'auxiliary');
  else sendToAuxiliary(context, value);
}

/** Ends whatever action of a processor or of time: the next byte's way, and the interrupts. */
function settle(context: Context): void {
  arbitrateCables(context.state);
  driveInterrupts(context);
}

function readData(context: Context): number {
  const { state } = context;
  const value = state.output;
  state.outputSource = 'none';
  state.timedOut = false;
  driveInterrupts(context); // Low between two answers: the interrupt controller wants an edge.
  const next = state.answers.shift();
  if (next !== undefined) fillOutput(context, next, 'keyboard');
  settle(context);
  return value;
}

/** The keyboard controller and its keyboard; register offsets count from port 60h. */
export const keyboardController = defineDevice({
  name: 'keyboard',
  source: 'IBM Personal System/2 Hardware Interface Technical Reference; Intel 8042 (order number 210393)',
  notModelled: [
    'an auxiliary interface test that fails while nothing is connected',
    'the mouse: a resolution that changes how far a movement counts (movements come in as counts), overflow of a packet (the rest of a movement goes into the next one)',
    'passwords, diagnostic dump, polling of the input port (commands A5h, A6h, ACh, C1h, C2h): ignored',
    'output port pulses other than the reset (commands F0h to FFh, bits 1 to 3)',
    'parity errors and resends on the cable',
    'key types of scan code set 3 (keyboard commands F7h to FDh): acknowledged; every key makes, breaks and repeats',
    'the shift codes that extended keys send around themselves while Shift or Num Lock is on',
    'the self tests at power-on: keyboard and mouse are ready when the machine starts, and the mouse sends nothing',
  ],
  clock: { numerator: ticksPerSecond, denominator: 1 },
  registers: { data: 0, commandStatus: 4 },
  inputs: [],
  outputs: ['interrupt', 'auxiliaryInterrupt', 'a20', 'reset'],
  state: controllerState,

  /** At power-on the ports of the chip are high: A20 is let through. The keyboard waits for the firmware to enable it. */
  reset(context: Context) {
    context.state.memory[0] = commandByte.keyboardDisabled | commandByte.auxiliaryDisabled;
    writeOutputPort(context, outputPort.notReset | outputPort.a20);
    driveInterrupts(context);
  },

  advance(context, ticks) {
    const { state, board } = context;
    state.ticksToKeyboard -= ticks;
    state.ticksFromKeyboard -= ticks;
    state.ticksToAuxiliaryTimeout -= ticks;
    state.ticksToMouse -= ticks;
    state.ticksFromMouse -= ticks;
    advanceKeyboard(state.keyboard, ticks);
    advanceMouse(state.mouse, ticks);
    if (state.ticksFromKeyboard === 0) takeKeyboardByte(context);
    if (state.ticksFromMouse === 0) {
      state.ticksFromMouse = Infinity;
      fillOutput(context, sendByMouse(state.mouse), 'auxiliary');
    }
    if (state.ticksToMouse === 0) {
      state.ticksToMouse = Infinity;
      receiveByMouse(state.mouse, state.toMouse);
      if (board.asQemu) hastenSelfTest(state.mouse);
    }
    if (state.ticksToKeyboard === 0) {
      state.ticksToKeyboard = Infinity;
      receive(state.keyboard, state.toKeyboard);
      if (board.asQemu) hastenSelfTest(state.keyboard);
    }
    if (state.ticksToAuxiliaryTimeout === 0) {
      state.ticksToAuxiliaryTimeout = Infinity;
      fillOutput(context, 0xfe, 'auxiliary', true);
    }
    settle(context);
  },

  nextEdge({ state }) {
    const { keyboard, mouse, ticksToKeyboard, ticksFromKeyboard, ticksToMouse, ticksFromMouse } = state;
    const ofKeyboard = Math.min(
      ticksToKeyboard,
      ticksFromKeyboard,
      keyboard.ticksToRepeat,
      keyboard.ticksToSelfTestEnd,
    );
    const ofMouse = Math.min(ticksToMouse, ticksFromMouse, mouse.ticksToSample, mouse.ticksToSelfTestEnd);
    return Math.min(ofKeyboard, ofMouse, state.ticksToAuxiliaryTimeout);
  },

  read: {
    data: readData,
    commandStatus: ({ state }) =>
      (state.outputSource === 'none' ? 0 : status.outputFull) |
      (state.outputSource === 'auxiliary' ? status.auxiliaryOutputFull : 0) |
      (Math.min(state.ticksToKeyboard, state.ticksToMouse) === Infinity ? 0 : status.inputFull) |
      (state.memory[0]! & commandByte.systemFlag ? status.systemFlag : 0) |
      (state.lastWriteWasCommand ? status.command : 0) |
      (state.timedOut ? status.timedOut : 0) |
      status.notInhibited,
  },
  write: {
    data(context, value) {
      writeData(context, value);
      settle(context);
    },
    commandStatus(context, value) {
      writeCommand(context, value);
      settle(context);
    },
  },

  operations: {
    /** A key goes down or up: its set 1 make code (01h to 7Fh), E000h + code for extended keys, E11Dh for Pause. */
    key(context: Context, key: number, pressed: boolean): void {
      if (!isKey(key)) {
        throw new UserError(`no key has the code 0x${hex(key)}`, {
          nextStep: 'Give a set 1 make code (0x01 to 0x7f), 0xe000 + code for extended keys, or 0xe11d for Pause.',
        });
      }
      moveKey(context.state.keyboard, key, pressed);
      settle(context);
    },
    /** Which indicators are lit: bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock. */
    lights: ({ state }: Context): number => state.keyboard.lights,
    /** The mouse is moved to the right and up, its wheel turned towards the user; bits of `buttons` are held now. */
    mouse(context: Context, dx: number, dy: number, wheel: number, buttons: number): void {
      if (!context.board.mouse) {
        throw new UserError('this machine has no mouse', { nextStep: 'Describe it with "mouse": "ps2".' });
      }
      moveMouse(context.state.mouse, dx, dy, wheel, buttons);
      settle(context);
    },
  },
});

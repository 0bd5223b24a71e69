/** The chips that every PC has from the ISA bus's days: timer, clock, DMA, keyboard, system control, serial ports, floppy drives. */
import { UserError } from '../../base/errors.js';
import { createDevice, type RegisterAccess } from '../../device/device.js';
import { dma } from '../../device/dma/dma.js';
import { floppy } from '../../device/floppy/floppy.js';
import { floppyDriveFor } from '../../device/floppy/geometry.js';
import { keyboardController } from '../../device/keyboard/controller.js';
import { pit } from '../../device/pit/pit.js';
import { rtc } from '../../device/rtc/rtc.js';
import { systemControl } from '../../device/system-control/system-control.js';
import { lineBytesMax } from '../../device/uart/state.js';
import { uart } from '../../device/uart/uart.js';
import type { Board } from '../board.js';
import { presetMemory } from '../cmos.js';
import type { DiskInPlace } from '../disk-set-up.js';
import type { Drive } from '../machine.js';
import { floppySectors } from '../media.js';
import { Speaker } from './speaker.js';

/** Base ports and interrupt requests of the four serial ports of a PC. */
const serialPorts = [
  { base: 0x3f8, request: 4 },
  { base: 0x2f8, request: 3 },
  { base: 0x3e8, request: 4 },
  { base: 0x2e8, request: 3 },
] as const;
const requests = { keyboard: 1, floppy: 6, mouse: 12 } as const;
const floppyDmaChannel = 2;
const ataDisks = ['disk0', 'disk1', 'disk2', 'disk3'] as const satisfies readonly Drive[];
const ignore = (): void => {};
const asQemu = ({ description }: Board): boolean => description.quirks === 'qemu';

export function attachIsaChips(board: Board): void {
  attachTimerAndSpeaker(board);
  attachClock(board);
  const controller = attachDma(board);
  attachKeyboard(board);
  attachSerialPorts(board);
  attachFloppy(board, controller);
}

/** The timer, and the system control ports that gate and hear it. */
function attachTimerAndSpeaker(board: Board): void {
  const now = (): number => board.now();
  const timer = createDevice(pit, {
    lines: { output0: board.legacyTimer, output1: ignore, output2: ignore },
    board: { wired: [0] },
  });
  const control = createDevice(systemControl, {
    lines: {
      timer2Gate: (level) => board.touch(timer, () => timer.input('gate2', level)),
      speakerData: ignore,
      a20: (level) => board.a20('systemA20', level),
      reset: (level) => level && board.resetProcessor(),
    },
    board: {},
  });
  const speaker = new Speaker(board.observers, now, () =>
    control.operations.speakerData() ? timer.operations.period(2) : undefined,
  );
  const timed = board.add('pit', timer);
  board.ports.connect(speaker.heard(timer), 0x40, timed);
  const withTimerOutput = {
    registers: control.registers,
    /** Port 61h shows counter 2's output, which nothing else watches: it is fetched when it is looked at. */
    access(register: 'portA' | 'portB'): RegisterAccess {
      const access = speaker.heard(control).access(register);
      return {
        ...access,
        read(width) {
          timed.sync(now()); // Looking changes no edge.
          control.input('timer2Output', timer.operations.output(2));
          return access.read(width);
        },
      };
    },
  };
  board.ports.connect(withTimerOutput, 0, board.add('systemControl', control));
  board.onReset(() => speaker.listen());
  board.onLoad(() => speaker.forget());
}

/** The clock, whose battery keeps it through a reset, and what a set-up program left in its memory. */
function attachClock(board: Board): void {
  const chip = createDevice(rtc, {
    lines: { interrupt: board.legacyClock, nonMaskableInterruptMask: (masked) => board.maskNonMaskable(masked) },
    board: { restartTick: () => clocked.restartTick(), asQemu: asQemu(board) },
  });
  const device = { ...chip, reset: () => chip.input('reset', true) };
  const clocked = board.add('rtc', device);
  board.ports.connect(chip, 0x70, clocked);
  board.onLoad(() => board.maskNonMaskable(chip.state.nonMaskableInterruptMasked));
  board.touch(device, () => {
    chip.operations.setDate(board.powerOn.date);
    const kinds = [floppyKind(board, 0), floppyKind(board, 1)] as const;
    const disks = ataDisks.map((drive) => diskAtPowerOn(board, drive));
    presetMemory(board.description, kinds, disks, (at, value) => chip.operations.presetMemory(at, value));
  });
}

/** A disk as a set-up program finds it. */
function diskAtPowerOn(board: Board, drive: Drive): DiskInPlace | undefined {
  const described = board.description.media[drive];
  const { medium } = described === undefined ? {} : board.bay(drive);
  return medium === undefined ? undefined : { medium, geometry: described?.geometry };
}

const newDma = (board: Board) => {
  const byte = new Uint8Array(1);
  return createDevice(dma, {
    lines: {},
    board: {
      readMemory: (at) => {
        board.master.read(at, byte);
        return byte[0]!;
      },
      writeMemory: (at, value) => {
        byte[0] = value;
        board.master.write(at, byte);
      },
    },
  });
};
function attachDma(board: Board): ReturnType<typeof newDma> {
  const device = newDma(board);
  board.ports.connect(device, 0, board.add('dma', device));
  return device;
}

function attachKeyboard(board: Board): void {
  const device = createDevice(keyboardController, {
    lines: {
      interrupt: board.interrupts.source(requests.keyboard),
      auxiliaryInterrupt: board.interrupts.source(requests.mouse),
      a20: (level) => board.a20('keyboardA20', level),
      reset: (level) => level && board.resetProcessor(),
    },
    board: { mouse: board.description.mouse === 'ps2', asQemu: asQemu(board) },
  });
  board.ports.connect(device, 0x60, board.add('keyboard', device));
  board.setKeyboardLights(() => device.operations.lights());
  board.onInput('key', ({ key, pressed }) => board.touch(device, () => device.operations.key(key, pressed)));
  board.onInput('mouse', ({ dx, dy, wheel, buttons }) =>
    board.touch(device, () => device.operations.mouse(dx, dy, wheel, buttons)),
  );
}

const newSerial = (board: Board, port: number, request: number) =>
  createDevice(uart, {
    lines: {
      interrupt: board.interrupts.source(request),
      ...{ interruptPin: ignore, dtr: ignore, rts: ignore, out1: ignore, out2: ignore },
    },
    board: { transmit: (byte) => board.transmit(port, byte), asQemu: asQemu(board) },
  });

function attachSerialPorts(board: Board): void {
  const devices = serialPorts.map(({ base, request }, port) => {
    const device = newSerial(board, port, request);
    board.ports.connect(device, base, board.add(`serial${port}`, device));
    // Bytes on their way out are the last words of a guest that ends itself.
    board.onExit(() => board.touch(device, () => device.operations.drain()));
    return device;
  });
  // The other ends of the lines are there and ready.
  const ready = (): void => {
    for (const device of devices)
      for (const line of ['cts', 'dsr', 'dcd'] as const) board.touch(device, () => device.input(line, true));
  };
  ready();
  board.onReset(ready);
  board.onInput('serial', ({ port, data }) => {
    const device = devices[port];
    if (device === undefined) throw new UserError(`there is no serial port ${port}`, { nextStep: 'Use port 0 to 3.' });
    const room = lineBytesMax - device.state.line.length;
    // All or nothing: what a recording refuses must not have reached the machine.
    if (data.length > room) {
      throw new UserError(`serial port ${port} holds no more than ${room} of ${data.length} bytes now`, {
        nextStep: 'Send less at once, or wait until the guest has read.',
      });
    }
    board.touch(device, () => device.operations.receive(data));
  });
}

/** Drive A is always there; drive B only when the description puts a medium into it. */
function floppyKind({ description }: Board, unit: number): ReturnType<typeof floppyDriveFor> | undefined {
  const { floppyA, floppyB } = description.media;
  const medium = unit === 0 ? floppyA : unit === 1 ? floppyB : undefined;
  if (unit > 1 || (unit === 1 && medium === undefined)) return undefined;
  return floppyDriveFor(medium === undefined ? undefined : floppySectors(Math.ceil(medium.size / 512)));
}

function attachFloppy(board: Board, controller: Pick<ReturnType<typeof newDma>, 'operations'>): void {
  const bays = [board.bay('floppyA'), board.bay('floppyB')];
  const device = createDevice(floppy, {
    lines: { interrupt: board.interrupts.source(requests.floppy) },
    board: {
      dma: {
        request: (level) => controller.operations.request(floppyDmaChannel, level),
        toDevice: () => controller.operations.toDevice(floppyDmaChannel),
        fromDevice: (value) => controller.operations.fromDevice(floppyDmaChannel, value),
      },
      drive: (unit) => bays[unit]?.medium,
      driveKind: (unit) => floppyKind(board, unit),
      asQemu: asQemu(board),
    },
  });
  board.ports.connect(device, 0x3f0, board.add('floppy', device));
  (['floppyA', 'floppyB'] as const).forEach((drive, unit) =>
    board.onMediumChange(drive, () => board.touch(device, () => device.operations.mediaChanged(unit as 0 | 1))),
  );
}

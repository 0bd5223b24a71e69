/**
 * The 8259A as eight levels in an order, from its data sheet (order number 231468): rotation turns the order, and whoever
 * asks walks it from the top until something in service stands in the way.
 */
import type { DeviceModel, ModelObserver } from '../subject.js';

interface Level {
  input: boolean;
  rose: boolean;
  inService: boolean;
  masked: boolean;
}

const newLevels = (): Level[] =>
  Array.from({ length: 8 }, () => ({ input: false, rose: false, inService: false, masked: false }));

const startingOrder = [0, 1, 2, 3, 4, 5, 6, 7];
const asBits = (levels: readonly Level[], test: (level: Level, index: number) => boolean): number =>
  levels.reduce((sum, level, index) => sum + (test(level, index) ? 2 ** index : 0), 0);

/** The modes that an initialization clears. */
const clearedModes = () => ({
  vectors: 0,
  levelSensing: false,
  alone: false,
  cascade: [] as number[],
  number: 0,
  automaticEnd: false,
  automaticRotation: false,
  nested: 'fully' as 'fully' | 'speciallyFully',
  specialMask: false,
  shows: 'requests' as 'requests' | 'inService',
  polled: false,
  bufferedRole: undefined as 'master' | 'slave' | undefined,
  awaits: [] as ('icw2' | 'icw3' | 'icw4')[],
});

/** Where the chip sits: its SP/EN pin, and who answers on the CAS lines. */
export interface PicPlace {
  readonly master: boolean;
  readonly cascade: (slave: number) => number | undefined;
}

/** One controller. */
export function picModel(observer: ModelObserver, place: PicPlace): DeviceModel {
  const levels = newLevels();
  let order = [...startingOrder];
  let modes = clearedModes();
  /** One bit a level, from the trigger register of later chipsets. */
  let edgeLevel = 0;

  const sensesLevel = (index: number): boolean => modes.levelSensing || Math.floor(edgeLevel / 2 ** index) % 2 === 1;
  const asks = (index: number): boolean => {
    const { input, rose } = levels[index]!;
    return input && (rose || sensesLevel(index));
  };
  const isMaster = (): boolean => (modes.bufferedRole ? modes.bufferedRole === 'master' : place.master);
  const hasSlave = (index: number): boolean => isMaster() && !modes.alone && modes.cascade.includes(index);

  function next(): number | undefined {
    for (const index of order) {
      const { inService, masked } = levels[index]!;
      const ready = asks(index) && !masked;
      const stands = inService && !(modes.specialMask && masked);
      if (stands) return ready && modes.nested === 'speciallyFully' && hasSlave(index) ? index : undefined;
      if (ready) return index;
    }
    return undefined;
  }
  const drive = (): void => observer.line('interrupt')(next() !== undefined);

  function putLast(index: number): void {
    while (order[7] !== index) order.push(order.shift()!);
  }
  function serve(): number | undefined {
    const index = next();
    observer.line('interrupt')(false); // INT falls with the acknowledge, even when it rises again at once.
    if (index === undefined) return undefined;
    levels[index]!.rose = false;
    if (modes.automaticEnd) {
      if (modes.automaticRotation) putLast(index);
    } else levels[index]!.inService = true;
    return index;
  }
  function acknowledge(): number {
    const index = serve();
    if (index === undefined) return modes.vectors + 7;
    return hasSlave(index) ? (place.cascade(index) ?? 0xff) : modes.vectors + index;
  }

  function initialize(value: number): void {
    const [icw4, alone, , levelSensing] = bitsOf(value);
    modes = { ...clearedModes(), levelSensing: levelSensing!, alone: alone!, number: place.master ? 0 : 7 };
    modes.awaits = ['icw2', ...(alone ? [] : (['icw3'] as const)), ...(icw4 ? (['icw4'] as const) : [])];
    if (!place.master) modes.cascade = [0, 1, 2];
    order = [...startingOrder];
    for (const level of levels) Object.assign(level, { rose: false, inService: false, masked: false });
  }
  function endInterrupt(rotate: boolean, specific: boolean, index: number): void {
    const ends = specific
      ? index
      : order.find((each) => levels[each]!.inService && !(modes.specialMask && levels[each]!.masked));
    if (ends === undefined) return;
    levels[ends]!.inService = false;
    if (rotate) putLast(ends);
  }
  function command(value: number): void {
    const [, , , , , end, specific, rotate] = bitsOf(value);
    const index = value % 8;
    if (value & 0x10) return initialize(value);
    if (value & 0x08) {
      if (value & 0x02) modes.shows = value & 0x01 ? 'inService' : 'requests';
      if (value & 0x40) modes.specialMask = (value & 0x20) !== 0;
      if (value & 0x04) modes.polled = true;
      return;
    }
    if (end) endInterrupt(rotate!, specific!, index);
    else if (specific) {
      if (rotate) putLast(index);
    } else modes.automaticRotation = rotate!;
  }
  function data(value: number): void {
    const bits = bitsOf(value);
    switch (modes.awaits.shift()) {
      case 'icw2':
        modes.vectors = Math.floor(value / 8) * 8;
        break;
      case 'icw3':
        modes.cascade = startingOrder.filter((index) => bits[index]);
        modes.number = value % 8;
        break;
      case 'icw4':
        modes.automaticEnd = bits[1]!;
        modes.bufferedRole = bits[3] ? (bits[2] ? 'master' : 'slave') : undefined;
        modes.nested = bits[4] ? 'speciallyFully' : 'fully';
        break;
      case undefined:
        for (const [index, level] of levels.entries()) level.masked = bits[index]!;
    }
  }
  function operate(name: string, value: number): unknown {
    if (name === 'acknowledge') return acknowledge();
    if (name === 'acknowledgeAsSlave') return modes.number === value ? acknowledge() : undefined;
    if (name === 'readEdgeLevel') return edgeLevel;
    edgeLevel = value;
    return undefined;
  }
  drive();
  return {
    read(register) {
      if (modes.polled) {
        modes.polled = false;
        const index = serve();
        drive();
        return index === undefined ? 0 : 128 + index;
      }
      if (register === 'data') return asBits(levels, ({ masked }) => masked);
      return asBits(levels, ({ inService }, index) => (modes.shows === 'inService' ? inService : asks(index)));
    },
    write(register, value) {
      if (register === 'data') data(value);
      else command(value);
      drive();
    },
    input(line, high) {
      const level = levels[Number(line.at(-1))]!;
      level.rose = high && (level.rose || !level.input);
      level.input = high;
      drive();
    },
    operation(name, [value]) {
      const result = operate(name, value as number);
      drive();
      return result;
    },
  };
}

const bitsOf = (value: number): boolean[] => startingOrder.map((index) => Math.floor(value / 2 ** index) % 2 === 1);

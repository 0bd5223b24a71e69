/** Mode pages of a SCSI unit: what MODE SENSE tells of them, and what MODE SELECT brings (SPC-2 sections 7.6 to 7.9 and 8.3). */
import type { ScsiTransfer } from './scsi-target.js';
import { accept, answer, big16, bigBytes, refuse, sense, type Sense, type UnitState } from './scsi-unit.js';

const modeSelects = { six: 0x15, ten: 0x55 } as const;

/** A mode page: its code and what stands behind its length. */
export interface ModePage {
  readonly code: number;
  readonly body: readonly number[];
}

/** What a MODE SENSE asks for. */
interface ModeRequest {
  readonly long: boolean;
  readonly page: number;
  readonly control: number;
  readonly noDescriptors: boolean;
  readonly allocation: number;
}

const modeRequest = (command: Uint8Array): ModeRequest => {
  const long = command[0] === 0x5a;
  return {
    long,
    page: command[2]! & 0x3f,
    control: command[2]! >> 6,
    noDescriptors: (command[1]! & 0x08) !== 0,
    allocation: long ? big16(command, 7) : command[4]!,
  };
};

/** MODE SENSE(6) and (10) (SPC-2 sections 7.8 and 7.9): header, block descriptor, one page or all. */
export function modeSense(
  unit: UnitState,
  about: {
    readonly mediumType: number;
    readonly specific: number;
    readonly descriptor: readonly number[];
    readonly pages: readonly ModePage[];
    /** The pages as MODE SELECT may change them: ones in changeable bits. */
    readonly changeable: readonly ModePage[];
  },
): ScsiTransfer {
  const { long, page, control, noDescriptors, allocation } = modeRequest(unit.command);
  if (control === 3) return refuse(unit, sense.savingNotSupported);
  const chosen = (control === 1 ? about.changeable : about.pages).filter(({ code }) => page === 0x3f || code === page);
  if (chosen.length === 0) return refuse(unit, sense.invalidField);
  const descriptor = noDescriptors ? [] : about.descriptor;
  const body = [...descriptor, ...chosen.flatMap(({ code, body: rest }) => [code, rest.length, ...rest])];
  const header = long
    ? [...bigBytes(body.length + 6, 2), about.mediumType, about.specific, 0, 0, ...bigBytes(descriptor.length, 2)]
    : [body.length + 3, about.mediumType, about.specific, descriptor.length];
  return answer(unit, [...header, ...body], allocation);
}

/** Begins MODE SELECT(6) or (10); a request to save pages, which nothing can, is refused as `unsaved` says. */
export function modeSelect(unit: UnitState, unsaved: Sense): ScsiTransfer {
  const { command } = unit;
  if ((command[1]! & 0x01) !== 0) return refuse(unit, unsaved);
  return accept(unit, command[0] === modeSelects.ten ? big16(command, 7) : command[4]!);
}
/** Whether the command at hand is a MODE SELECT whose parameter list came whole. */
export function hasSelectedModes(unit: UnitState): boolean {
  const isModeSelect = [modeSelects.six, modeSelects.ten].some((each) => each === unit.command[0]);
  return isModeSelect && unit.direction === 'out' && unit.parameterAt === unit.parameterBytes;
}

/** The pages of a MODE SELECT parameter list that came whole; undefined when it is malformed. */
export function selectedPages(unit: UnitState): readonly ModePage[] | undefined {
  const data = unit.parameters.subarray(0, unit.parameterAt);
  if (data.length === 0) return [];
  const long = unit.command[0] === modeSelects.ten;
  const headerBytes = long ? 8 : 4;
  if (data.length < headerBytes) return undefined;
  let at = headerBytes + (long ? big16(data, 6) : data[3]!);
  const pages: ModePage[] = [];
  while (at < data.length) {
    const length = data[at + 1];
    if (length === undefined || at + 2 + length > data.length) return undefined;
    pages.push({ code: data[at]! & 0x3f, body: [...data.subarray(at + 2, at + 2 + length)] });
    at += 2 + length;
  }
  return at === data.length ? pages : undefined;
}

/** Commands that tell about the disc and the drive (MMC-3 section 6): tables of contents, configuration, events, pages. */
import type { ScsiTransfer } from '../scsi-target.js';
import { modeSense, selectedPages } from '../scsi-modes.js';
import { answer, big16, big24, big32, bigBytes, inquiryData, refuse, sense, succeed } from '../scsi-unit.js';
import { minuteSecondFrame } from './raw-sector.js';
import { blockBytes, blocksOf, discOf, isDvd, mediaEvent, type OpticalContext } from './state.js';

/** A data track, recorded without interruption; its Q channel gives positions. */
const dataTrack = 0x14;
const leadOut = 0xaa;

const address = (block: number, asTime: boolean): number[] =>
  asTime ? [0, ...minuteSecondFrame(block)] : bigBytes(block, 4);

export function inquiry({ state, board }: OpticalContext): ScsiTransfer {
  if (state.unit.command[1]! & 0x03) return refuse(state.unit, sense.invalidField); // No vital product data.
  const atapi = board.bus === 'atapi';
  const data = inquiryData({
    type: 5,
    removable: true,
    version: atapi ? 0 : 3,
    format: atapi ? 0x21 : 0x02,
    flags: atapi ? 0 : 0x10, // Synchronous transfers on the bus.
    vendor: 'TSVM',
    product: 'CD-ROM',
    revision: '1.0',
  });
  return answer(state.unit, data, state.unit.command[4]!);
}

export function readCapacity(context: OpticalContext): ScsiTransfer {
  const disc = discOf(context)!;
  return answer(context.state.unit, [...bigBytes(blocksOf(disc) - 1, 4), ...bigBytes(blockBytes, 4)], 8);
}

/** READ TOC/PMA/ATIP, formats 0 to 2: one session with one data track. */
export function readToc(context: OpticalContext): ScsiTransfer {
  const { unit } = context.state;
  const { command } = unit;
  const asTime = (command[1]! & 0x02) !== 0;
  const format = command[2]! & 0x0f || command[9]! >> 6; // SFF-8020i drivers put it into the last byte.
  const start = command[6]!;
  const blocks = blocksOf(discOf(context)!);
  const reply = (body: readonly number[]): ScsiTransfer =>
    answer(unit, [...bigBytes(body.length + 2, 2), 1, 1, ...body], big16(command, 7));
  const track = (number: number, block: number): number[] => [0, dataTrack, number, 0, ...address(block, asTime)];
  if (format === 0) {
    if (start > 1 && start !== leadOut) return refuse(unit, sense.invalidField);
    return reply([...(start <= 1 ? track(1, 0) : []), ...track(leadOut, blocks)]);
  }
  if (format === 1) return reply(track(1, 0));
  if (format !== 2) return refuse(unit, sense.invalidField);
  const point = (number: number, time: readonly number[]): number[] => [1, dataTrack, 0, number, 0, 0, 0, 0, ...time];
  const body = [
    ...point(0xa0, [1, 0, 0]),
    ...point(0xa1, [1, 0, 0]),
    ...point(0xa2, minuteSecondFrame(blocks)),
    ...point(1, minuteSecondFrame(0)),
  ];
  return reply(start > 1 ? [] : body);
}

export function readSubChannel(context: OpticalContext): ScsiTransfer {
  const { unit, position } = context.state;
  const { command } = unit;
  const asTime = (command[1]! & 0x02) !== 0;
  const noAudioStatus = 0x15;
  const bodies: Readonly<Record<number, readonly number[]>> = {
    1: [1, dataTrack, 1, 1, ...address(position, asTime), ...address(position, asTime)],
    2: [2, 0, 0, 0, ...new Array<number>(16).fill(0)],
    3: [3, dataTrack, 1, 0, ...new Array<number>(16).fill(0)],
  };
  const wanted = (command[2]! & 0x40) !== 0;
  const body = wanted ? bodies[command[3]!] : [];
  if (body === undefined) return refuse(unit, sense.invalidField);
  return answer(unit, [0, noAudioStatus, ...bigBytes(body.length, 2), ...body], big16(command, 7));
}

export function readHeader(context: OpticalContext): ScsiTransfer {
  const { unit } = context.state;
  const block = big32(unit.command, 2);
  if (block >= blocksOf(discOf(context)!)) return refuse(unit, sense.addressOutOfRange);
  return answer(unit, [1, 0, 0, 0, ...address(block, (unit.command[1]! & 0x02) !== 0)], big16(unit.command, 7));
}

/** READ DISC INFORMATION: finished, one session, nothing to write. */
export function readDiscInformation({ state: { unit } }: OpticalContext): ScsiTransfer {
  const data = [...bigBytes(32, 2), 0x0e, 1, 1, 1, 1, 0x20, 0, 0, 0, 0, ...new Array<number>(4).fill(0)];
  return answer(
    unit,
    [...data, ...new Array<number>(8).fill(0xff), ...new Array<number>(10).fill(0)],
    big16(unit.command, 7),
  );
}

export function readTrackInformation(context: OpticalContext): ScsiTransfer {
  const { unit } = context.state;
  const { command } = unit;
  const blocks = blocksOf(discOf(context)!);
  const kind = command[1]! & 0x03;
  const wanted = big32(command, 2);
  const there = kind === 0 ? wanted < blocks : wanted <= 1 || (kind === 1 && wanted === 0xff);
  if (!there || kind === 3) return refuse(unit, sense.invalidField);
  const data = [...bigBytes(34, 2), 1, 1, 0, 0x04, 0x01, 0];
  data.push(...bigBytes(0, 4), ...bigBytes(0, 4), ...bigBytes(0, 4), ...bigBytes(0, 4), ...bigBytes(blocks, 4));
  return answer(unit, [...data, ...bigBytes(0, 8)], big16(command, 7));
}

/** Features of GET CONFIGURATION: number, version and flags, and whether it is current with and without a disc. */
function features(context: OpticalContext): readonly { readonly code: number; readonly bytes: readonly number[] }[] {
  const disc = discOf(context);
  const current = disc === undefined ? 0 : 1;
  const dvd = disc !== undefined && isDvd(disc);
  const feature = (code: number, flags: number, body: readonly number[]) => ({
    code,
    bytes: [...bigBytes(code, 2), flags, body.length, ...body],
  });
  const [cd, dvdNow] = [current && !dvd ? 1 : 0, dvd ? 1 : 0];
  const physical = context.board.bus === 'atapi' ? 2 : 1;
  return [
    feature(0x0000, 0x03, [0x00, 0x10, dvdNow, 0, 0x00, 0x08, cd, 0]), // Profiles: DVD-ROM, CD-ROM.
    feature(0x0001, 0x07, [...bigBytes(physical, 4)]), // Core.
    feature(0x0002, 0x03, [0, 0, 0, 0]), // Morphing: events are polled.
    feature(0x0003, 0x03, [0x29, 0, 0, 0]), // Removable medium: a tray that locks and ejects.
    feature(0x0010, current, [...bigBytes(blockBytes, 4), 0, 0x10, 0, 0]), // Random readable.
    feature(0x001e, 0x08 | cd, [0, 0, 0, 0]), // CD read.
    feature(0x001f, dvdNow, []), // DVD read.
    feature(0x0100, 0x03, []), // Power management.
  ];
}

export function getConfiguration(context: OpticalContext): ScsiTransfer {
  const { unit } = context.state;
  const { command } = unit;
  const disc = discOf(context);
  const kind = command[1]! & 0x03;
  const start = big16(command, 2);
  if (kind === 3) return refuse(unit, sense.invalidField);
  const chosen = features(context).filter(({ code, bytes: [, , flags] }) =>
    kind === 2 ? code === start : code >= start && (kind === 0 || (flags! & 1) !== 0),
  );
  const profile = disc === undefined ? 0 : isDvd(disc) ? 0x10 : 0x08;
  const body = [0, 0, ...bigBytes(profile, 2), ...chosen.flatMap(({ bytes }) => bytes)];
  return answer(unit, [...bigBytes(body.length, 4), ...body], big16(command, 7));
}

/** GET EVENT STATUS NOTIFICATION, polled: media events. */
export function getEventStatus(context: OpticalContext): ScsiTransfer {
  const { state, board } = context;
  const { unit } = state;
  const mediaClass = 0x10;
  const polled = (unit.command[1]! & 0x01) !== 0;
  if (!polled) return refuse(unit, sense.invalidField);
  const allocation = big16(unit.command, 7);
  if ((unit.command[4]! & mediaClass) === 0) return answer(unit, [...bigBytes(2, 2), 0x80, mediaClass], allocation);
  const event = state.mediaEvent;
  if (allocation >= 8) state.mediaEvent = mediaEvent.none; // Told only when the host has it whole.
  const present = board.medium() !== undefined && !state.trayOpen;
  const status = (present ? 0x02 : 0) | (state.trayOpen ? 0x01 : 0);
  return answer(unit, [...bigBytes(6, 2), 0x04, mediaClass, event, status, 0, 0], allocation);
}

export function mechanismStatus({ state }: OpticalContext): ScsiTransfer {
  const { unit, position, trayOpen } = state;
  return answer(unit, [0, trayOpen ? 0x10 : 0, ...bigBytes(position, 3), 1, 0, 0], big16(unit.command, 8));
}

/** Kilobytes a second that the capabilities page names; the rates of `commands.ts` are those of the interface. */
const namedSpeed = 48 * 176;

/** Mode pages: 01h read error recovery, 0Dh CD parameters, 0Eh audio control, 2Ah capabilities and mechanical status. */
export function sendModes(context: OpticalContext): ScsiTransfer {
  const { state, board } = context;
  const disc = discOf(context);
  const capabilities = [0x3f, 0x00, 0x70, 0x00, 0x29 | (state.locked ? 0x02 : 0), 0x00];
  capabilities.push(
    ...bigBytes(namedSpeed, 2),
    ...bigBytes(0, 2),
    ...bigBytes(512, 2),
    ...bigBytes(namedSpeed, 2),
    0,
    0,
    0,
    0,
  );
  const zeros = (length: number): number[] => new Array<number>(length).fill(0);
  const mediumType = state.trayOpen ? 0x71 : disc === undefined ? 0x70 : 0x01;
  const descriptor = [1, ...bigBytes(disc === undefined ? 0 : blocksOf(disc), 3), 0, ...bigBytes(blockBytes, 3)];
  return modeSense(state.unit, {
    mediumType,
    specific: 0,
    descriptor: board.bus === 'atapi' ? [] : descriptor,
    pages: [
      { code: 0x01, body: [...state.errorRecovery] },
      { code: 0x0d, body: [0, 0x0d, 0, 60, 0, 75] },
      { code: 0x0e, body: [...state.audioControl] },
      { code: 0x2a, body: capabilities },
    ],
    changeable: [
      { code: 0x01, body: [0xff, 0xff, 0, 0, 0, 0] },
      { code: 0x0d, body: zeros(6) },
      { code: 0x0e, body: [0, 0, 0, 0, 0, 0, 0x0f, 0xff, 0x0f, 0xff, 0, 0, 0, 0] },
      { code: 0x2a, body: zeros(capabilities.length) },
    ],
  });
}

/** The end of MODE SELECT: the pages that can change take what they were given. */
export function takeModes({ state }: OpticalContext): void {
  const pages = selectedPages(state.unit);
  const lengths: Readonly<Record<number, number>> = { 0x01: 6, 0x0d: 6, 0x0e: 14, 0x2a: 20 };
  if (pages?.every(({ code, body }) => (lengths[code] ?? body.length + 1) >= body.length) !== true) {
    refuse(state.unit, sense.invalidParameter);
    return;
  }
  for (const { code, body } of pages) {
    if (code === 0x01) state.errorRecovery.set(body.slice(0, 2));
    else if (code === 0x0e) for (const at of [6, 7, 8, 9]) state.audioControl[at] = body[at] ?? state.audioControl[at]!;
  }
}

/** SEEK, and every read: where the head is afterwards. */
export function seek(context: OpticalContext): ScsiTransfer {
  const { unit } = context.state;
  const block = unit.command[0] === 0x0b ? big24(unit.command, 1) & 0x1fffff : big32(unit.command, 2);
  if (block >= blocksOf(discOf(context)!)) return refuse(unit, sense.addressOutOfRange);
  context.state.position = block;
  return succeed();
}

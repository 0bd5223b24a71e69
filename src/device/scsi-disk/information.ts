/** What a SCSI disk tells of itself: INQUIRY, capacity, mode pages (SPC-2 sections 7.3, 8.3 and 8.4; SBC-2 sections 5 and 6). */
import { sectorBytes } from '../medium.js';
import type { ScsiTransfer } from '../scsi-target.js';
import { modeSense, selectedPages } from '../scsi-modes.js';
import { answer, big16, big32, big64, bigBytes, inquiryData, refuse, sense } from '../scsi-unit.js';
import type { ScsiDiskContext } from './state.js';
import { provisioningFlags, provisioningPage, unmapLimits } from './unmap.js';

const ascii = (text: string): number[] => [...text].map((each) => each.charCodeAt(0));
const vendor = 'TSVM';
const product = 'SCSI DISK';

/** Bytes that cylinders are counted by in the geometry page, which no medium without moving parts has. */
const geometry = { heads: 16, sectorsPerTrack: 63, rotations: 7200 } as const;

const sectorsOf = ({ board }: ScsiDiskContext): number => board.medium()?.sectors ?? 0;

const zeros = (length: number): number[] => new Array<number>(length).fill(0);

/** SPC-2, or SPC-3. */
export const versionOf = ({ board }: ScsiDiskContext): number => (board.unmaps ? 5 : 4);

/** INQUIRY, and its vital product data: supported pages, serial number, identification, block limits, provisioning. */
export function inquiry(context: ScsiDiskContext): ScsiTransfer {
  const { unit } = context.state;
  const { command } = unit;
  const allocation = big16(command, 3);
  if ((command[1]! & 0x01) === 0) {
    if (command[2] !== 0) return refuse(unit, sense.invalidField);
    const about = {
      type: 0,
      removable: false,
      version: versionOf(context),
      format: 2,
      flags: 0x10,
      vendor,
      product,
      revision: '1.0',
    };
    return answer(unit, inquiryData(about), allocation); // Synchronous transfers; eight bits wide, no queue.
  }
  const page = vitalPage(context, command[2]!);
  if (page === undefined) return refuse(unit, sense.invalidField);
  return answer(unit, [0, command[2]!, ...bigBytes(page.length, 2), ...page], allocation);
}

function vitalPage(context: ScsiDiskContext, code: number): readonly number[] | undefined {
  const { board } = context;
  const serial = ascii(board.serial);
  const name = ascii(`${vendor.padEnd(8)}${product.padEnd(16)}${board.serial}`);
  switch (code) {
    case 0x00:
      return [0x00, 0x80, 0x83, 0xb0, ...(board.unmaps ? [0xb2] : [])];
    case 0x80:
      return serial;
    case 0x83:
      return [0x02, 0x01, 0, name.length, ...name]; // ASCII; vendor, product and serial number.
    case 0xb0:
      return [0, 0, ...bigBytes(1, 2), ...zeros(12), ...unmapLimits(context), ...zeros(28)];
    case 0xb2:
      return board.unmaps ? provisioningPage : undefined;
    default:
      return undefined;
  }
}

/** READ CAPACITY(10): ones where the last block does not fit. */
export function readCapacity(context: ScsiDiskContext): ScsiTransfer {
  const { unit } = context.state;
  const partial = (unit.command[8]! & 0x01) !== 0;
  if (!partial && big32(unit.command, 2) !== 0) return refuse(unit, sense.invalidField);
  const last = Math.min(sectorsOf(context) - 1, 0xffffffff);
  return answer(unit, [...bigBytes(last, 4), ...bigBytes(sectorBytes, 4)], 8);
}

/** SERVICE ACTION IN: READ CAPACITY(16). */
export function serviceActionIn(context: ScsiDiskContext): ScsiTransfer {
  const { unit } = context.state;
  if ((unit.command[1]! & 0x1f) !== 0x10 || big64(unit.command, 2) !== 0) return refuse(unit, sense.invalidField);
  const capacity = [...bigBytes(sectorsOf(context) - 1, 8), ...bigBytes(sectorBytes, 4)];
  const data = [...capacity, 0, 0, provisioningFlags(context), ...zeros(17)];
  return answer(unit, data, big32(unit.command, 10));
}

/** MODE SENSE: error recovery, format, geometry, caching, control. */
export function sendModes(context: ScsiDiskContext): ScsiTransfer {
  const { state, board } = context;
  const sectors = sectorsOf(context);
  const cylinders = Math.min(Math.ceil(sectors / (geometry.heads * geometry.sectorsPerTrack)), 0xffffff);
  const format = [...zeros(8), ...bigBytes(geometry.sectorsPerTrack, 2), ...bigBytes(sectorBytes, 2)];
  const rigid = [...bigBytes(cylinders, 3), geometry.heads, ...zeros(14), ...bigBytes(geometry.rotations, 2), 0, 0];
  return modeSense(state.unit, {
    mediumType: 0,
    specific: (board.medium()?.writable === false ? 0x80 : 0) | 0x10, // Write protected; DPO and FUA are taken.
    descriptor: [...bigBytes(sectors > 0xffffff ? 0 : sectors, 4), ...bigBytes(sectorBytes, 4)],
    pages: [
      { code: 0x01, body: [0xc0, 3, 0, 0, 0, 0, 3, 0, 0, 0] },
      { code: 0x03, body: [...format, ...zeros(8), 0x40, 0, 0, 0] },
      { code: 0x04, body: rigid },
      { code: 0x08, body: [...state.caching] },
      { code: 0x0a, body: [...state.control] },
    ],
    changeable: [
      { code: 0x01, body: zeros(10) },
      { code: 0x03, body: zeros(22) },
      { code: 0x04, body: zeros(22) },
      { code: 0x08, body: [0x05, ...zeros(17)] },
      { code: 0x0a, body: [0, 0, ...zeros(8)] },
    ],
  });
}

const pageLengths: Readonly<Record<number, number>> = { 0x01: 10, 0x03: 22, 0x04: 22, 0x08: 18, 0x0a: 10 };

/** The end of MODE SELECT: the write and read cache bits are all that changes. */
export function takeModes({ state }: ScsiDiskContext): void {
  const pages = selectedPages(state.unit);
  if (pages?.every(({ code, body }) => pageLengths[code] === body.length) !== true) {
    refuse(state.unit, sense.invalidParameter);
    return;
  }
  for (const { code, body } of pages) if (code === 0x08) state.caching[0] = body[0]! & 0x05;
}

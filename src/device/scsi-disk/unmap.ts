/**
 * Logical block provisioning: UNMAP gives blocks back, which then read as zeros (SBC-3 sections 4.7 and 5.28, and the pages B0h and
 * B2h of 6.5). Only a disk whose board says so has it, and is one of SPC-3 then.
 *
 * Source: T10 BSR INCITS 514 (SBC-3).
 */
import { sectorBytes } from '../medium.js';
import type { ScsiTransfer } from '../scsi-target.js';
import { accept, big16, big32, big64, bigBytes, failAtBlock, refuse, sense, tryBlocks } from '../scsi-unit.js';
import type { ScsiDiskContext } from './state.js';

export const unmapOperation = 0x42;

/** Most blocks and most descriptors of one command: both bound its time, the second by what a parameter list may be. */
const most = { blocks: 65536, descriptors: 63 } as const;
const headerBytes = 8;
const descriptorBytes = 16;

/** READ CAPACITY(16), byte 14: LBPME and LBPRZ. */
export const provisioningFlags = ({ board }: ScsiDiskContext): number => (board.unmaps ? 0xc0 : 0);

/** Bytes 20 to 35 of the block limits: blocks and descriptors of a command, its granularity, and no alignment. */
export const unmapLimits = ({ board }: ScsiDiskContext): readonly number[] =>
  board.unmaps
    ? [...bigBytes(most.blocks, 4), ...bigBytes(most.descriptors, 4), ...bigBytes(1, 4), 0, 0, 0, 0]
    : new Array<number>(16).fill(0);

/** The logical block provisioning page: UNMAP, zeros behind it (LBPU, LBPRZ), thin. */
export const provisioningPage: readonly number[] = [0, 0x84, 0x02, 0];

/** UNMAP: the list of blocks is to come. */
export function unmap({ state: { unit }, board }: ScsiDiskContext): ScsiTransfer {
  if (!board.unmaps) return refuse(unit, sense.invalidOperation);
  const isAnchored = (unit.command[1]! & 0x01) !== 0;
  if (isAnchored) return refuse(unit, sense.invalidField);
  if (!board.medium()!.writable) return refuse(unit, sense.writeProtected);
  const length = big16(unit.command, 7);
  if (length !== 0 && length < headerBytes) return refuse(unit, sense.parameterListLength);
  return accept(unit, length);
}

interface Run {
  readonly first: number;
  readonly blocks: number;
}

/** The descriptors of the list, as many of them as its header says and as came. */
function runsOf(data: Uint8Array): readonly Run[] {
  const said = Math.min(big16(data, 2), data.length - headerBytes);
  return Array.from({ length: Math.floor(said / descriptorBytes) }, (_, index) => {
    const at = headerBytes + descriptorBytes * index;
    return { first: big64(data, at), blocks: big32(data, at + 8) };
  });
}

/** The end of an UNMAP whose list came whole: all of its blocks are zeros, or none is where one does not exist. */
export function unmapBlocks(context: ScsiDiskContext): void {
  const { unit } = context.state;
  const medium = context.board.medium();
  const isWhole = unit.direction === 'out' && unit.parameterAt === unit.parameterBytes;
  if (unit.command[0] !== unmapOperation || !isWhole || medium?.writable !== true) return;
  const runs = runsOf(unit.parameters.subarray(0, unit.parameterBytes));
  if (runs.some(({ first, blocks }) => first + blocks > medium.sectors)) {
    refuse(unit, sense.addressOutOfRange);
    return;
  }
  if (runs.reduce((sum, { blocks }) => sum + blocks, 0) > most.blocks) {
    refuse(unit, sense.invalidParameter);
    return;
  }
  const zeros = new Uint8Array(sectorBytes);
  for (const { first, blocks } of runs) {
    const { good } = tryBlocks(medium, 'write', { first, blocks });
    for (let block = first; block < first + good; block++) medium.write(block, zeros);
    if (good === blocks) continue;
    failAtBlock(unit, sense.writeError, first + good, 0);
    return;
  }
}

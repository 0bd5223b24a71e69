/** BLOCK MOVE: data, commands, status and messages between memory and the bus (chapter 5, "Block Move Instruction"). */
import {
  commandBytesWanted,
  dataBytesLeft,
  giveCommand,
  giveMessage,
  passData,
  setAttention,
  takeMessage,
  takeStatus,
} from './bus.js';
import { dmaInterrupt, scsiInterrupt } from './interrupts.js';
import { readMemory, readWord, writeMemory } from './memory.js';
import { ccntl0, dstat, phase, register, scntl2, sist0 } from './registers.js';
import { type AdapterContext, get32, get8, set24, set32, set8 } from './state.js';

/** What an instruction did: it is over, after so many ticks; or it waits and is executed again. */
export type Outcome = number | 'request' | 'reselect' | 'disconnect' | 'stopped';

/** Bytes of one piece of a long move. */
export const pieceBytes = 65536;

/** A 24-bit displacement. */
export const signed24 = (value: number): number => (value << 8) >> 8;

export function illegal(context: AdapterContext): Outcome {
  dmaInterrupt(context, dstat.IID);
  return 'stopped';
}

/** Where the bytes of a block move are, and how many. */
function blockMoveOperands(context: AdapterContext, code: number): { address: number; bytes: number } {
  const operand = get32(context, register.DSPS);
  const at = (get32(context, register.DSP) - 8) >>> 0;
  let [address, first, entry] = [operand, get32(context, register.DBC), at];
  if (code & 0x10) {
    entry = (get32(context, register.DSA) + signed24(operand)) >>> 0;
    first = readWord(context, entry);
    address = readWord(context, (entry + 4) >>> 0);
  } else if (code & 0x20) {
    address = readWord(context, operand);
  }
  set24(context, register.DBC, first);
  set32(context, register.RBC, first);
  set32(context, register.ESA, entry);
  set32(context, register.IA, at);
  return { address, bytes: first & 0xffffff };
}

export function blockMove(context: AdapterContext, code: number): Outcome {
  const { bus } = context.state;
  if (!bus.request) return 'request';
  const { address, bytes } = blockMoveOperands(context, code);
  set32(context, register.DNAD, address);
  set24(context, register.SBC, 0);
  if (bytes === 0) return illegal(context);
  const wanted = code & 7;
  if (bus.phase !== wanted) return phaseMismatch(context, wanted, address, bytes);
  const { moved, ticks } = moveBytes(context, address, bytes);
  const left = bytes - moved;
  set24(context, register.DBC, left);
  set24(context, register.SBC, moved);
  set32(context, register.CSBC, (get32(context, register.CSBC) + moved) >>> 0);
  set32(context, register.DNAD, (address + moved) >>> 0);
  return left === 0 ? ticks : phaseMismatch(context, wanted, (address + moved) >>> 0, left);
}

/** Moves what the target takes or gives in the phase at hand. */
function moveBytes(context: AdapterContext, address: number, bytes: number): { moved: number; ticks: number } {
  const { bus } = context.state;
  switch (bus.phase) {
    case phase.dataIn:
    case phase.dataOut:
      return moveData(context, address, Math.min(bytes, dataBytesLeft(context)), bus.phase === phase.dataIn);
    case phase.command: {
      const first = readMemory(context, address, 1)[0]!;
      const wanted = commandBytesWanted(context, first, bytes);
      const data = readMemory(context, address, Math.min(bytes, wanted));
      giveCommand(context, [...data], data.length === wanted);
      return { moved: data.length, ticks: data.length };
    }
    case phase.status: {
      const status = takeStatus(context);
      set8(context, register.SFBR, status);
      writeMemory(context, address, Uint8Array.of(status));
      return { moved: 1, ticks: 1 };
    }
    case phase.messageOut: {
      const data = readMemory(context, address, Math.min(bytes, 16));
      setAttention(context, false); // The chip drops ATN with the last byte of the move.
      giveMessage(context, [...data]);
      return { moved: bytes, ticks: data.length };
    }
    default: {
      const data = takeMessage(context, bytes);
      set8(context, register.SFBR, data[0] ?? 0);
      writeMemory(context, address, Uint8Array.from(data));
      return { moved: data.length, ticks: data.length };
    }
  }
}

function moveData(
  context: AdapterContext,
  address: number,
  bytes: number,
  toHost: boolean,
): { moved: number; ticks: number } {
  const target = context.board.target(context.state.bus.target);
  for (let done = 0; done < bytes; done += pieceBytes) {
    const at = (address + done) >>> 0;
    const piece = toHost
      ? new Uint8Array(Math.min(pieceBytes, bytes - done))
      : readMemory(context, at, Math.min(pieceBytes, bytes - done));
    if (toHost) target?.read(piece);
    else target?.write(piece);
    if (toHost) writeMemory(context, at, piece);
    if (done === 0) set8(context, register.SFBR, piece[0]!);
  }
  return { moved: bytes, ticks: passData(context, bytes) };
}

/** The target is in another phase than the move: an interrupt, or the jump that CCNTL0 enables instead. */
function phaseMismatch(context: AdapterContext, wanted: number, address: number, left: number): Outcome {
  const control = get8(context, register.CCNTL0);
  set24(context, register.DBC, left);
  set24(context, register.RBC, left);
  set32(context, register.UA, address);
  set32(context, register.DNAD, address);
  if ((control & ccntl0.ENPMJ) === 0) {
    scsiInterrupt(context, sist0.MA, 0);
    return 'stopped';
  }
  const first =
    (control & ccntl0.PMJCTL) === 0 ? (get8(context, register.SCNTL2) & scntl2.WSR) === 0 : wanted === phase.dataOut;
  set32(context, register.DSP, get32(context, first ? register.PMJAD1 : register.PMJAD2));
  return 0;
}

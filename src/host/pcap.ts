/** Network traffic as a capture file that packet analysers read (the libpcap format, version 2.4), stamped with guest time. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { fileError } from './files.js';

const magicMicroseconds = 0xa1b2c3d4;
const ethernet = 1;
const frameBytesMost = 65535;

export interface PacketCapture {
  /** Appends a frame that was seen at so many guest seconds. */
  frame(seconds: number, data: Uint8Array): void;
  close(): void;
}

/** Begins a capture file. Throws UserError when it cannot be written. */
export function createPacketCapture(path: string): PacketCapture {
  let file: number;
  try {
    file = openSync(path, 'w');
  } catch (error) {
    throw fileError(error, path);
  }
  const header = new DataView(new ArrayBuffer(24));
  header.setUint32(0, magicMicroseconds, true);
  header.setUint16(4, 2, true);
  header.setUint16(6, 4, true);
  header.setUint32(16, frameBytesMost, true);
  header.setUint32(20, ethernet, true);
  writeSync(file, new Uint8Array(header.buffer));
  return {
    frame(seconds, data) {
      const microseconds = Math.floor(seconds * 1e6);
      const record = new DataView(new ArrayBuffer(16));
      record.setUint32(0, Math.floor(microseconds / 1e6), true);
      record.setUint32(4, microseconds % 1e6, true);
      record.setUint32(8, data.length, true);
      record.setUint32(12, data.length, true);
      writeSync(file, new Uint8Array(record.buffer));
      writeSync(file, data);
    },
    close: () => closeSync(file),
  };
}

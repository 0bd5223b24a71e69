/** What kernels under test write beside serial ports: to the debug console, and to a POST card. */
import { hex } from '../base/integers.js';
import type { Machine } from '../machine/machine.js';

export interface TestingOutputs {
  /** Bytes written to the debug console. */
  readonly written: number[];
  /** Codes given to the POST card. */
  readonly codes: number[];
}

/** Hears them from now on. */
export function hearTesting({ observers }: Machine): TestingOutputs {
  const written: number[] = [];
  const codes: number[] = [];
  observers.debugConsole = ({ byte }) => void written.push(byte);
  observers.postCode = ({ code }) => void codes.push(code);
  return { written, codes };
}

/** What a report's document says of them; nothing where there was nothing. */
export function testingReport({ written, codes }: TestingOutputs): {
  readonly debugConsole?: string;
  readonly postCodes?: readonly string[];
} {
  return {
    ...(written.length > 0 && { debugConsole: new TextDecoder().decode(Uint8Array.from(written)) }),
    ...(codes.length > 0 && { postCodes: codes.map((code) => hex(code, 2)) }),
  };
}

const codesInALine = 16;

/** The last POST codes as a line for people; undefined where there were none. */
export function postLine(codes: readonly string[] | undefined): string | undefined {
  if (codes === undefined) return undefined;
  const [last, more] = [codes.slice(-codesInALine), codes.length > codesInALine ? '… ' : ''];
  return `POST codes ${more}${last.join(' ')}`;
}

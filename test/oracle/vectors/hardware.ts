/** Runs a file of instructions captured on an 8086 or, until the HLT behind each, on an 80286 in real mode. */
import { Comparison } from './compare.js';
import type { ProcessorDriver } from './driver.js';
import { findException } from './exceptions.js';
import type { FileOutcome } from './report.js';
import { type ShiftOperands, undefinedFlags } from './undefined-flags.js';
import { readVectors, type VectorFile } from './vector-files.js';

type Memory = readonly (readonly [address: number, byte: number])[];

interface HardwareCase {
  readonly name: string;
  readonly bytes: string;
  readonly initial: { readonly regs: Readonly<Record<string, number>>; readonly ram: Memory };
  /** Registers: those that changed. */
  readonly final: { readonly regs: Readonly<Record<string, number>>; readonly ram: Memory };
  readonly exception?: number;
}

const wordRegisters = ['ax', 'bx', 'cx', 'dx', 'sp', 'bp', 'si', 'di', 'ip'] as const;
const segmentRegisters = ['cs', 'ss', 'ds', 'es'] as const;
const halt = 0xf4;

function setUp(driver: ProcessorDriver, { initial }: HardwareCase): void {
  const registers: Record<string, number> = { eflags: initial.regs['flags']! };
  for (const name of wordRegisters) registers[`e${name}`] = initial.regs[name]!;
  for (const name of segmentRegisters) registers[name] = initial.regs[name]!;
  for (const [address, byte] of initial.ram) driver.writeMemory(address, Uint8Array.of(byte));
  driver.setRegisters(registers);
}

const addressMask = ({ model }: ProcessorDriver): number => (model === '8086' ? 0xfffff : 0xffffff);

/** The physical address of the last byte that a captured case would run: the HLT before the final IP. */
function atInstructionPointer(driver: ProcessorDriver): number {
  return (driver.getRegister('cs') * 16 + (driver.getRegister('eip') & 0xffff)) & addressMask(driver);
}

/** Executes the instruction; the 80286 was let run over the HLT behind it. Gives the final IP. */
function execute(driver: ProcessorDriver, form: string): number {
  driver.step();
  const ip = driver.getRegister('eip') & 0xffff;
  if (driver.model === '8086' || form === 'F4') return ip;
  return driver.readMemory(atInstructionPointer(driver), 1)[0] === halt ? (ip + 1) & 0xffff : ip;
}

/** Whether the case ended in its divide error handler: its flags lie on the stack then. */
function tookDivideError(each: HardwareCase, memory: ReadonlyMap<number, number>): boolean {
  if (each.exception !== undefined) return each.exception === 0;
  const vector = [0, 1, 2, 3].map((at) => memory.get(at) ?? 0);
  const { cs, ip } = { ...each.initial.regs, ...each.final.regs };
  return 'cs' in each.final.regs && cs === vector[2]! + vector[3]! * 256 && ip === vector[0]! + vector[1]! * 256;
}

/** The operands of a shift: CL, and the instruction's last byte, behind which the 80286's captures have a HLT. */
function shiftOperands({ model }: ProcessorDriver, { bytes, initial }: HardwareCase): ShiftOperands {
  const code = Buffer.from(bytes, 'hex');
  return { countRegister: initial.regs['cx']! & 0xff, immediate: code[code.length - (model === '80286' ? 2 : 1)]! };
}

function compare(driver: ProcessorDriver, form: string, each: HardwareCase): Comparison {
  const comparison = new Comparison();
  const ip = execute(driver, form);
  const expected: Record<string, number> = { ...each.initial.regs, ...each.final.regs };
  const ignored = undefinedFlags(driver.model === '8086' ? '8086' : '80286', form, shiftOperands(driver, each));

  for (const name of wordRegisters) {
    comparison.value(name, expected[name]!, name === 'ip' ? ip : driver.getRegister(`e${name}`) & 0xffff);
  }
  for (const name of segmentRegisters) comparison.value(name, expected[name]!, driver.getRegister(name));
  const flags = driver.getRegister('eflags') & 0xffff;
  comparison.value('flags', expected['flags']! & ~ignored, flags & ~ignored);

  const memory = new Map([...each.initial.ram, ...each.final.ram]);
  const pushedFlags =
    ignored !== 0 && tookDivideError(each, memory) ? pushedFlagsAt(expected, addressMask(driver)) : undefined;
  for (const [address, byte] of memory) {
    const place = pushedFlags?.indexOf(address) ?? -1;
    const kept = place < 0 ? 0xff : ~(ignored >> (8 * place)) & 0xff;
    comparison.value(`[${address.toString(16)}]`, byte & kept, driver.readMemory(address, 1)[0]! & kept);
  }
  return comparison;
}

/** The two addresses of the flags in the frame that an interrupt pushed. */
function pushedFlagsAt({ ss, sp }: Record<string, number>, mask: number): number[] {
  return [4, 5].map((offset) => (ss! * 16 + ((sp! + offset) & 0xffff)) & mask);
}

const exceptionText = ({ exception }: HardwareCase): string =>
  exception === undefined ? '' : `, exception ${exception}`;

function cleanUp(driver: ProcessorDriver, { initial, final }: HardwareCase): void {
  const zero = Uint8Array.of(0);
  for (const [address] of initial.ram) driver.writeMemory(address, zero);
  for (const [address] of final.ram) driver.writeMemory(address, zero);
}

/** Runs the cases of one opcode form on a driver whose memory is zero, and leaves it so. */
export function runHardwareFile(driver: ProcessorDriver, file: VectorFile, every = 1): FileOutcome {
  const cases = readVectors<HardwareCase>(file, every);
  const failures: string[] = [];
  const excused: string[] = [];
  for (const each of cases) {
    setUp(driver, each);
    const comparison = compare(driver, file.name, each);
    if (!comparison.differs) {
      cleanUp(driver, each);
      continue;
    }
    const facts = { family: file.family, file: file.name, instruction: each.name, exception: each.exception };
    const known = findException({ ...facts, ...shiftOperands(driver, each) });
    if (known) excused.push(known.reason);
    else failures.push(`${each.name} (${each.bytes}${exceptionText(each)}): expected ${comparison.print()}`);
    driver.reset(); // Who knows where it wrote.
  }
  const passed = cases.length - excused.length - failures.length;
  return { family: file.family, name: file.name, total: cases.length, passed, skipped: 0, excused, failures };
}

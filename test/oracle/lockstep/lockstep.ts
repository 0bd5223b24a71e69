/** Steps one guest in QEMU and our processor beside it, instruction by instruction, to the first register that differs. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProcessorModel } from '../../../src/cpu/model.js';
import { disassemble } from '../../../src/debug/disassemble.js';
import { undefinedFlagsOf } from '../fuzzer/undefined.js';
import { parseSystemState, Qemu, type RegisterName, type Registers } from './gdb.js';
import { firmwareEnd, firmwareStart, Shadow } from './shadow.js';

export interface LockstepOptions {
  readonly model: ProcessorModel;
  /** QEMU's name for it. */
  readonly cpu: string;
  readonly memoryMegabytes: number;
  /** Linear address at which the comparison begins. */
  readonly from: number;
  readonly steps: number;
  /** What QEMU is told besides: its disks, a kernel. */
  readonly qemuArguments: readonly string[];
}
export interface LockstepResult {
  /** Instructions and iterations compared. */
  readonly compared: number;
  /** Those whose result was QEMU's to say, and calls of the firmware, which run in QEMU alone. */
  readonly taken: number;
  readonly firmwareCalls: number;
  /** How it ended, in words; a difference names its instruction and the registers. */
  readonly end: string;
  readonly differs: boolean;
}

export function hasQemu(): boolean {
  try {
    execFileSync('qemu-system-i386', ['--version'], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

/** Flags that QEMU's stub tells and that mean the same here: not RF, which it keeps to itself. */
const comparedFlags = 0x3f_7fd5 & ~0x1_0000;
const names: readonly RegisterName[] = [
  'eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi', 'eip', 'cs', 'ss', 'ds', 'es', 'fs', 'gs',
]; // prettier-ignore
const hex = (value: number): string => (value >>> 0).toString(16);

const HLT = 0xf4;
/** What processors may answer differently: CPUID, RDTSC, RDMSR, RDPMC after 0F. */
const toldByQemu = new Set([0xa2, 0x31, 0x32, 0x33]);
const prefixes = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3]);

class Lockstep {
  private compared = 0;
  private taken = 0;
  private firmwareCalls = 0;
  private readonly folder = mkdtempSync(join(tmpdir(), 'lockstep-'));

  constructor(
    private readonly qemu: Qemu,
    private readonly shadow: Shadow,
    private readonly options: LockstepOptions,
  ) {}

  async run(): Promise<LockstepResult> {
    try {
      await this.takeAll(await this.qemu.runTo(this.options.from), true);
      let end: string | undefined;
      let differs = false;
      while (end === undefined && this.compared < this.options.steps) {
        const difference = await this.one();
        if (difference === undefined) continue;
        end = difference;
        differs = !difference.startsWith('halted');
      }
      const { compared, taken, firmwareCalls } = this;
      return { compared, taken, firmwareCalls, end: end ?? 'no difference', differs };
    } finally {
      rmSync(this.folder, { recursive: true });
    }
  }

  private async takeAll(registers: Registers, withMemory: boolean): Promise<void> {
    const system = parseSystemState(await this.qemu.monitor('info registers'));
    let memory: Uint8Array | undefined;
    if (withMemory) {
      const file = join(this.folder, 'memory');
      await this.qemu.monitor(`pmemsave 0 ${this.shadow.ramBytes} "${file}"`);
      memory = readFileSync(file);
    }
    this.shadow.take(registers, system, memory);
  }

  /** One instruction on both sides; gives how the run ended, if it did. */
  private async one(): Promise<string | undefined> {
    const { shadow, qemu } = this;
    const before = shadow.registers;
    const code = shadow.peek(shadow.linear('cs', before.eip), 15);
    const at = code.findIndex((byte) => !prefixes.has(byte));
    const opcode = code[at];
    if (opcode === HLT) return this.waitForInterrupt(before);
    shadow.step();
    let theirs = await qemu.step();
    this.compared++;
    // QEMU looks at a repeated instruction once more when its count has come to 0, and a step may come to nothing.
    for (let again = 0; again < 3 && theirs.eip === before.eip && shadow.registers.eip !== before.eip; again++) {
      theirs = await qemu.step();
    }
    if (shadow.touchedDevice || (opcode === 0x0f && toldByQemu.has(code[at + 1]!))) {
      this.taken++;
      // INS stored what it read.
      await this.takeAll(theirs, opcode === 0x6c || opcode === 0x6d);
      return undefined;
    }
    const difference = this.difference(before, code, theirs);
    if (difference !== undefined) return difference;
    shadow.takeRegisters(theirs); // Flags that are undefined.
    const place = shadow.linear('cs', theirs.eip);
    if (!shadow.protectedMode && place >= firmwareStart && place < firmwareEnd) await this.skipFirmware(theirs);
    return undefined;
  }

  /** The firmware runs in QEMU alone: to the address that the call left on the stack. */
  private async skipFirmware({ esp }: Registers): Promise<void> {
    const { shadow } = this;
    const stack = shadow.peek(shadow.linear('ss', esp & 0xffff), 4);
    const [offset, selector] = [stack[0]! | (stack[1]! << 8), stack[2]! | (stack[3]! << 8)];
    this.firmwareCalls++;
    await this.takeAll(await this.qemu.runTo(selector * 16 + offset), true);
  }
  /** HLT: QEMU alone goes on to the next instruction, through whatever handlers the interrupt has. */
  private async waitForInterrupt({ eip, eflags }: Registers): Promise<string | undefined> {
    if ((eflags & 0x200) === 0) return `halted for good at ${hex(this.shadow.linear('cs', eip))}`;
    await this.takeAll(await this.qemu.runTo(this.shadow.linear('cs', eip + 1)), true);
    return undefined;
  }

  private difference(before: Registers, code: Uint8Array, theirs: Registers): string | undefined {
    const ours = this.shadow.registers;
    const context = { model: this.options.model, code32: this.shadow.code32, offset: before.eip };
    const { text } = disassemble(code, context);
    const mnemonic = text.split(' ').find((word) => !/^(rep\w*|lock)$/.test(word)) ?? '';
    const flags = comparedFlags & ~undefinedFlagsOf(mnemonic);
    const lines = names
      .filter((name) => ours[name] !== theirs[name])
      .map((name) => `  ${name}: ${hex(ours[name])} here, ${hex(theirs[name])} in QEMU, ${hex(before[name])} before`);
    if ((ours.eflags & flags) !== (theirs.eflags & flags)) {
      lines.push(
        `  eflags: ${hex(ours.eflags & flags)} here, ${hex(theirs.eflags & flags)} in QEMU (${hex(before.eflags)} before)`,
      );
    }
    if (lines.length === 0) return undefined;
    const place = `${hex(before.cs)}:${hex(before.eip)}`;
    return [`after ${this.compared} steps, at ${place}: ${text} (${Buffer.from(code).toString('hex')})`, ...lines].join(
      '\n',
    );
  }
}

/** Runs the comparison. */
export async function lockstep(options: LockstepOptions): Promise<LockstepResult> {
  const { cpu, memoryMegabytes, qemuArguments, model } = options;
  const qemu = Qemu.start(['-cpu', cpu, '-m', `${memoryMegabytes}`, ...qemuArguments]);
  try {
    return await new Lockstep(qemu, new Shadow(model, memoryMegabytes * 2 ** 20), options).run();
  } finally {
    qemu.stop();
  }
}

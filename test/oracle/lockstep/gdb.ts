/** A QEMU that is stepped through its gdb stub, over its standard input and output (GDB's manual, appendix E, "Remote Protocol"). */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';

/** The order of QEMU's `g` packet, 32 bits each. */
const packetRegisters = [
  'eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi', 'eip', 'eflags', 'cs', 'ss', 'ds', 'es', 'fs', 'gs',
] as const; // prettier-ignore
export type RegisterName = (typeof packetRegisters)[number];
export type Registers = Readonly<Record<RegisterName, number>>;

const checksum = (text: string): string =>
  ([...text].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) & 0xff).toString(16).padStart(2, '0');

export class Qemu {
  private received = '';
  private wake: () => void = () => {};
  private ended = false;

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    child.stdout.setEncoding('latin1');
    child.stdout.on('data', (text: string) => {
      this.received += text;
      this.wake();
    });
    child.on('close', () => {
      this.ended = true;
      this.wake();
    });
  }

  /** Starts QEMU, stopped in front of its first instruction; throws what it says where it does not start. */
  static start(args: readonly string[]): Qemu {
    const own = ['-S', '-gdb', 'stdio', '-display', 'none', '-monitor', 'none', '-serial', 'none'];
    return new Qemu(spawn('qemu-system-i386', [...own, ...args]));
  }
  stop(): void {
    this.child.kill('SIGKILL');
  }

  /** The next packet's contents. */
  private async packet(milliseconds: number): Promise<string> {
    const limit = Date.now() + milliseconds;
    for (;;) {
      const found = /\$([^#]*)#[0-9a-f]{2}/.exec(this.received);
      if (found !== null) {
        this.received = this.received.slice(found.index + found[0].length);
        this.child.stdin.write('+');
        return found[1]!;
      }
      if (this.ended) throw new Error('QEMU ended');
      const left = limit - Date.now();
      if (left <= 0) throw new Error(`QEMU did not answer within ${milliseconds / 1000} s`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
  private async ask(text: string, milliseconds = 10_000): Promise<string> {
    this.child.stdin.write(`$${text}#${checksum(text)}`);
    return this.packet(milliseconds);
  }

  /** One instruction, or one iteration of a repeated one; interrupts and timers wait meanwhile. */
  async step(): Promise<Registers> {
    await this.ask('s');
    return this.registers();
  }
  async registers(): Promise<Registers> {
    const bytes = Buffer.from(await this.ask('g'), 'hex');
    const values = packetRegisters.map((name, index) => [name, bytes.readUInt32LE(index * 4)] as const);
    return Object.fromEntries(values) as unknown as Registers;
  }
  /** Runs freely, interrupts and all, to a linear address. */
  async runTo(linear: number, milliseconds = 60_000): Promise<Registers> {
    const place = linear.toString(16);
    await this.ask(`Z0,${place},1`);
    await this.ask('c', milliseconds);
    await this.ask(`z0,${place},1`);
    return this.registers();
  }
  /** A command to QEMU's monitor. */
  async monitor(command: string): Promise<string> {
    let text = '';
    let answer = await this.ask(`qRcmd,${Buffer.from(command).toString('hex')}`, 60_000);
    while (answer.startsWith('O') && answer !== 'OK') {
      text += Buffer.from(answer.slice(1), 'hex').toString('latin1');
      answer = await this.packet(60_000);
    }
    return text;
  }
}

/** What `info registers` tells beyond the packet: hidden parts of segments, tables, control registers, CPL. */
export interface SystemState {
  readonly segments: Readonly<Record<string, { selector: number; base: number; limit: number; flags: number }>>;
  readonly words: Readonly<Record<string, number>>;
  readonly gdt: { readonly base: number; readonly limit: number };
  readonly idt: { readonly base: number; readonly limit: number };
}

export function parseSystemState(text: string): SystemState {
  const segments: Record<string, { selector: number; base: number; limit: number; flags: number }> = {};
  const pattern = /^(ES|CS|SS|DS|FS|GS|LDT|TR) *= *([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+)/gm;
  for (const [, name, ...values] of text.matchAll(pattern)) {
    const [selector, base, limit, flags] = values.map((value) => parseInt(value, 16)) as [
      number,
      number,
      number,
      number,
    ];
    segments[name!.toLowerCase()] = { selector, base, limit, flags };
  }
  const words: Record<string, number> = {};
  for (const [, name, value] of text.matchAll(/\b(CR[0234]|DR[012367]|CPL)=([0-9a-f]+)/g)) {
    words[name!.toLowerCase()] = parseInt(value!, 16);
  }
  const table = (name: string): { base: number; limit: number } => {
    const [, base, limit] = new RegExp(`^${name}= *([0-9a-f]+) ([0-9a-f]+)`, 'm').exec(text)!;
    return { base: parseInt(base!, 16), limit: parseInt(limit!, 16) };
  };
  return { segments, words, gdt: table('GDT'), idt: table('IDT') };
}

/** The bench's guest on v86, with its compiler or without. Its firmware is Debian's package `seabios`. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AnswerReader, commandBytes } from './guest-image.mjs';
import { stampNow } from '../host-time.mjs';

const firmwareFolder = '/usr/share/seabios';
const firmware = { bios: `${firmwareFolder}/bios.bin`, vgaBios: `${firmwareFolder}/vgabios-stdvga.bin` };
const hostLimitMs = 300_000;

/** Why v86 cannot run on this computer; undefined when it can. */
export async function v86Absence() {
  const missing = Object.values(firmware).find((path) => !existsSync(path));
  if (missing !== undefined) return `${missing} is missing (Debian: apt-get install seabios)`;
  return import('v86').then(
    () => undefined,
    () => "the npm package 'v86' is not installed",
  );
}

function fileBuffer(path) {
  const bytes = readFileSync(path);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
}

/** An emulator as the bench sees it: `boot`, then `measure(phase, iterations)` as often as wanted. */
export class V86Machine {
  #answers = new AnswerReader(stampNow);
  #image;
  #withCompiler;
  #emulator;
  #wake = () => {};

  constructor(image, withCompiler) {
    this.#image = image;
    this.#withCompiler = withCompiler;
    this.name = withCompiler ? 'v86 with its compiler' : 'v86 without its compiler';
  }

  async boot() {
    const { V86 } = await import('v86');
    const wasm = fileURLToPath(new URL('v86.wasm', import.meta.resolve('v86')));
    this.#emulator = new V86({
      wasm_path: wasm,
      memory_size: 16 << 20,
      vga_memory_size: 2 << 20,
      bios: { buffer: fileBuffer(firmware.bios) },
      vga_bios: { buffer: fileBuffer(firmware.vgaBios) },
      fda: { buffer: this.#image.slice().buffer },
      boot_order: 0x321,
      disable_jit: !this.#withCompiler,
      disable_speaker: true,
      log_level: 0,
      autostart: false,
    });
    await new Promise((resolve) => this.#emulator.add_listener('emulator-ready', resolve));
    this.#emulator.add_listener('serial0-output-byte', (byte) => {
      this.#answers.take(byte);
      this.#wake();
    });
    await this.#runUntil(() => this.#answers.ready);
  }

  async measure(phase, iterations) {
    this.#answers.clear();
    this.#emulator.serial0_send(String.fromCharCode(...commandBytes(phase, iterations)));
    await this.#runUntil(() => this.#answers.finished !== undefined);
    return this.#answers.finished;
  }

  async close() {
    await this.#emulator.destroy();
  }

  /** Runs until `done`, and is stopped when this returns: between measurements it takes no processor time. */
  async #runUntil(done) {
    await new Promise((resolve, reject) => {
      const limit = setTimeout(
        () => reject(new Error(`${this.name} did not answer in ${hostLimitMs / 1000} s`)),
        hostLimitMs,
      );
      this.#wake = () => {
        if (!done()) return;
        clearTimeout(limit);
        resolve();
      };
      this.#emulator.run();
    });
    this.#wake = () => {};
    await this.#emulator.stop();
  }
}

/**
 * Start to the first guest instruction: a ROM whose first instructions, at the reset vector, send a byte on the serial line.
 * As a program of its own it runs an emulator on that ROM and says when the byte has come: `first-byte.mjs own|v86 ROM`.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** mov dx, 3f8h; mov al, '!'; out dx, al; hlt; jmp to hlt. */
const program = [0xba, 0xf8, 0x03, 0xb0, 0x21, 0xee, 0xf4, 0xeb, 0xfd];

export function firstByteRom() {
  const rom = new Uint8Array(65536).fill(0xf4);
  rom.set(program, rom.length - 16);
  return rom;
}

const emulators = {
  async own(path, came) {
    const { describeMachine } = await import('../../../dist/host/describe-machine.js');
    const { createMachine } = await import('../../../dist/host/machines.js');
    const request = { board: 'i440fx', processor: 'pentiumM', memory: '256M', firmware: { bios: path } };
    const { description, images } = describeMachine(request);
    const machine = createMachine(description, images, { date: 0, seed: 0 });
    machine.onSerial = came;
    machine.run(1_000_000);
  },
  async v86(path, came) {
    const { V86 } = await import('v86');
    const emulator = new V86({
      wasm_path: fileURLToPath(new URL('v86.wasm', import.meta.resolve('v86'))),
      memory_size: 256 << 20,
      vga_memory_size: 2 << 20,
      bios: { buffer: new Uint8Array(readFileSync(path)).buffer },
      disable_speaker: true,
      log_level: 0,
      autostart: true,
    });
    emulator.add_listener('serial0-output-byte', came);
  },
};

const [, script, emulator, path] = process.argv;
if (script === fileURLToPath(import.meta.url)) {
  await emulators[emulator](path, () => {
    process.stdout.write('!');
    process.exit(0);
  });
}

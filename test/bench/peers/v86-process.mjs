/** v86 with the same guest. Its firmware is Debian's package `seabios`. See `serve.mjs`. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stampNow } from '../host-time.mjs';
import { MarkReader } from '../workloads/marks.mjs';
import { memoryBytes } from '../workloads/guest.mjs';
import { peakBytes, serve, timed } from './serve.mjs';

const firmwareFolder = '/usr/share/seabios';

function fileBuffer(path) {
  const bytes = readFileSync(path);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
}

serve(async ({ kernel, initrd, commandLine }) => {
  const waiting = [];
  let wake = () => {};
  // Time passes for this guest while it stands still, but none of it is measured.
  let stoodStill = 0;
  const stamp = () => {
    const { clock, processor } = stampNow();
    return { clock: clock - stoodStill, processor };
  };
  const marks = new MarkReader(stamp, (measured) => {
    waiting.push(measured);
    wake();
  });
  const { V86 } = await import('v86');
  const emulator = new V86({
    wasm_path: fileURLToPath(new URL('v86.wasm', import.meta.resolve('v86'))),
    memory_size: memoryBytes,
    vga_memory_size: 2 << 20,
    bios: { buffer: fileBuffer(`${firmwareFolder}/bios.bin`) },
    vga_bios: { buffer: fileBuffer(`${firmwareFolder}/vgabios-stdvga.bin`) },
    bzimage: { buffer: fileBuffer(kernel) },
    initrd: { buffer: fileBuffer(initrd) },
    cmdline: commandLine,
    disable_speaker: true,
    log_level: 0,
    autostart: false,
  });
  await new Promise((resolve) => emulator.add_listener('emulator-ready', resolve));
  emulator.add_listener('serial0-output-byte', (byte) => marks.take(byte));
  let stoppedAt = performance.now();

  async function next() {
    if (waiting.length === 0) {
      const ended = new Promise((resolve) => (wake = resolve));
      stoodStill += performance.now() - stoppedAt;
      await emulator.run();
      await ended;
      await emulator.stop();
      stoppedAt = performance.now();
    }
    return waiting.shift();
  }

  async function snapshot() {
    const saved = await timed(() => emulator.save_state());
    const restored = await timed(() => emulator.restore_state(saved.result));
    return { saveMs: saved.ms, restoreMs: restored.ms, bytes: saved.result.byteLength };
  }

  return { next, snapshot, peak: peakBytes };
});

/**
 * What single accesses to display memory cost beside memory: loops of plain instructions in a ROM of their own, in text mode, in
 * planes (mode 12h) and in mode X. `node test/bench/costs/display.mjs [--json]`, after a build. Millions of loops a second of
 * processor time, the best of three runs, and how many times as long they take as in memory.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeMachine } from '../../../dist/host/describe-machine.js';
import { createMachine } from '../../../dist/host/machines.js';
import { stampNow } from '../host-time.mjs';

const rounds = 3;
const loops = 4_000_000;

/** mov dx, port; mov ax, value << 8 | index; out dx, ax */
const set = (port, index, value) => [0xba, port & 0xff, port >> 8, 0xb8, index, value, 0xef];
/** Memory on, every bit let through; then a mode's sequencer and graphics controller. */
const open = [...[0xba, 0xc2, 0x03, 0xb0, 0x63, 0xee], ...set(0x3ce, 8, 0xff)];
const modes = {
  memory: { segment: 0x2000, registers: [] },
  text: {
    segment: 0xb800,
    registers: [...set(0x3c4, 2, 3), ...set(0x3c4, 4, 2), ...set(0x3ce, 5, 0x10), ...set(0x3ce, 6, 0x0e)],
  },
  planes: {
    segment: 0xa000,
    registers: [...set(0x3c4, 2, 15), ...set(0x3c4, 4, 6), ...set(0x3ce, 5, 0), ...set(0x3ce, 6, 5)],
  },
  setReset: {
    segment: 0xa000,
    registers: [
      ...set(0x3c4, 2, 15),
      ...set(0x3c4, 4, 6),
      ...set(0x3ce, 0, 5),
      ...set(0x3ce, 1, 15),
      ...set(0x3ce, 6, 5),
    ],
  },
  modeX: {
    segment: 0xa000,
    registers: [...set(0x3c4, 2, 2), ...set(0x3c4, 4, 6), ...set(0x3ce, 5, 0x40), ...set(0x3ce, 6, 5)],
  },
};
/** mov [es:di], ax; mov [es:di], al; mov al, [es:di]; or [es:di], al; a load for the latches and a store */
const accesses = {
  'word stores': [0x26, 0x89, 0x05],
  'byte stores': [0x26, 0x88, 0x05],
  'byte loads': [0x26, 0x8a, 0x05],
  'in place': [0x26, 0x08, 0x05],
  'load and store': [0x26, 0x8a, 0x25, 0x26, 0x88, 0x05],
};
const rows = [
  ['text', 'word stores'],
  ['text', 'byte loads'],
  ['planes', 'byte stores'],
  ['planes', 'in place'],
  ['setReset', 'load and store'],
  ['modeX', 'byte stores'],
  ['modeX', 'byte loads'],
];

/** A ROM whose start sets a mode up and goes round, adding 2 to an address of 12 bits. */
function romOf({ segment, registers }, access) {
  const body = [...access, 0x83, 0xc7, 0x02, 0x81, 0xe7, 0xff, 0x0f, 0x66, 0x49]; // add di, 2; and di, 0fffh; dec ecx
  const code = [
    ...[...open, ...registers, 0xb8, segment & 0xff, segment >> 8, 0x8e, 0xc0, 0x31, 0xff], // mov es, segment; xor di, di
    ...[0x66, 0xb9, ...[0, 8, 16, 24].map((by) => (loops >> by) & 0xff)], // mov ecx, loops
    ...[...body, 0x75, (-body.length - 2) & 0xff, 0xf4], // jnz; hlt
  ];
  const rom = new Uint8Array(65536).fill(0xf4);
  rom.set(code);
  rom.set([0xea, 0x00, 0x00, 0x00, 0xf0], rom.length - 16); // jmp f000:0
  return rom;
}

function millionsASecond(folder, mode, access) {
  const bios = join(folder, 'loop.rom');
  writeFileSync(bios, romOf(modes[mode], accesses[access]));
  const { description, images } = describeMachine({
    board: 'i440fx',
    processor: 'pentiumM',
    memory: '16M',
    firmware: { bios },
  });
  const machine = createMachine(description, images, { date: 0, seed: 0 });
  const before = stampNow();
  const { kind } = machine.run(10 * loops);
  if (kind !== 'halted') throw new Error(`the loop ended otherwise: ${kind}`);
  return loops / 1000 / (stampNow().processor - before.processor);
}

const folder = mkdtempSync(join(tmpdir(), 'tsvm-display-'));
const best = (mode, access) => Math.max(...Array.from({ length: rounds }, () => millionsASecond(folder, mode, access)));
const result = rows.map(([mode, access]) => {
  const [here, memory] = [best(mode, access), best('memory', access)];
  return { mode, access, millions: here, memory, times: memory / here };
});
rmSync(folder, { recursive: true });
if (process.argv.includes('--json')) console.log(JSON.stringify(result));
else
  for (const { mode, access, millions, memory, times } of result)
    console.log(
      `${mode.padEnd(9)} ${access.padEnd(15)} ${millions.toFixed(1).padStart(7)} ${memory.toFixed(1).padStart(7)}  ${times.toFixed(1)}x`,
    );

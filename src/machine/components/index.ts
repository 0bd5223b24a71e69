/** What a description puts on a board besides the chips that every PC has. One file a component. */
import { has } from '../../cpu/model.js';
import type { Board } from '../board.js';
import type { MachineDescription, OptionalDevice } from '../machine.js';
import { attachApic } from './apic.js';
import { attachChipset } from './chipset.js';
import { attachCoprocessor } from './coprocessor.js';
import { attachHpet } from './hpet.js';
import { attachIde } from './ide.js';
import { attachKernel } from './kernel.js';
import { attachNetwork } from './network.js';
import { attachScsi, hasScsi } from './scsi.js';
import { attachVga } from './vga.js';
import { attachVirtioBlocks } from './virtio-block.js';

/** Puts a component on a board. */
export type Attach = (board: Board) => void;

const optionalComponents: { readonly [device in OptionalDevice]?: Attach } = {
  hpet: attachHpet,
};

/** The components of a description, in the order in which they are put on the board: that order is part of the machine. */
export function componentsOf(description: MachineDescription): readonly Attach[] {
  const isPci = description.board === 'i440fx';
  const chipset = isPci ? [attachChipset, attachApic] : [];
  const coprocessor = has(description.processor, 'fpu') ? [attachCoprocessor] : [];
  const disks = [...(hasScsi(description) ? [attachScsi] : []), ...(isPci ? [attachVirtioBlocks] : [])];
  const optional = (description.devices ?? []).flatMap((device) => optionalComponents[device] ?? []);
  return [...chipset, ...coprocessor, attachIde, attachVga, ...disks, attachNetwork, ...optional, attachKernel];
}

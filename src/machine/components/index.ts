/** What a description puts on a board besides the chips that every PC has. One file a component. */
import { has } from '../../cpu/model.js';
import type { Board } from '../board.js';
import type { MachineDescription, OptionalDevice } from '../machine.js';
import { attachApic } from './apic.js';
import { attachChipset } from './chipset.js';
import { attachCoprocessor } from './coprocessor.js';
import { attachVbe, attachVga } from './display.js';
import { attachFirmwareConfiguration } from './firmware-configuration.js';
import { attachHotPlug } from './hot-plug.js';
import { attachHpet } from './hpet.js';
import { attachIde } from './ide.js';
import { attachIsaChips } from './isa-chips.js';
import { attachKernel } from './kernel.js';
import { attachNetwork } from './network.js';
import { attachParallel } from './parallel.js';
import { scsiAdaptersOf } from './scsi.js';
import { attachTesting } from './testing.js';
import { attachWatchdog } from './watchdog.js';
import { attachVirtioBlocks } from './virtio-block.js';
import { attachConsole, attachEntropy, attachSecondEntropy } from './virtio.js';

/** Puts a component on a board. */
export type Attach = (board: Board) => void;

const optionalComponents: { readonly [device in OptionalDevice]?: Attach } = {
  hpet: attachHpet,
  parallel: attachParallel,
  ib700: attachWatchdog,
  'virtio-rng': attachEntropy,
  'virtio-rng1': attachSecondEntropy,
  'virtio-console': attachConsole,
  'pci-hot-plug': attachHotPlug,
};

/** The components of a description, in the order in which they are put on the board: that order is part of the machine. */
export function componentsOf(description: MachineDescription): readonly Attach[] {
  const isPci = description.board === 'i440fx';
  const chipset = isPci ? [attachChipset, attachApic] : [];
  const coprocessor = has(description.processor, 'fpu') ? [attachCoprocessor] : [];
  const display = description.display === 'vbe' ? attachVbe : attachVga;
  const disks = [...scsiAdaptersOf(description), ...(isPci ? [attachVirtioBlocks] : [])];
  const optional = (description.devices ?? []).flatMap((device) => optionalComponents[device] ?? []);
  return [
    attachIsaChips,
    ...chipset,
    ...coprocessor,
    attachIde,
    display,
    ...disks,
    attachNetwork,
    ...optional,
    attachKernel,
    attachFirmwareConfiguration,
    attachTesting,
  ];
}

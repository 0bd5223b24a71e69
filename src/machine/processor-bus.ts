/** What the processor reaches outside itself, and the display adapter's memory, which both reach. */
import type { ProcessorBus } from '../cpu/bus.js';
import { displayWords } from '../cpu/display-mapping.js';
import type { Core } from '../cpu/system/core.js';
import type { VideoMemory } from '../device/video-memory.js';
import type { AddressSpace } from './address-space.js';
import type { CircuitBoard } from './circuit-board.js';
import type { MemoryPart } from './memory-part.js';

/** The processor's bus; `chips` are those of the board at hand. */
export const processorBus = (space: AddressSpace, chips: () => CircuitBoard): ProcessorBus => ({
  page: (physical) => space.page(physical),
  readMemory: (physical, width) => space.readMemory(physical, width),
  writeMemory: (physical, value, width) => space.writeMemory(physical, value, width),
  readPort: (port, width) => chips().ports.read(port, width) | 0,
  writePort: (port, value, width) => chips().ports.write(port, value, width),
  display: () => space.display,
  readPorts: (port, into, width) => chips().ports.readMany(port, into, width),
  writePorts: (port, from, width) => chips().ports.writeMany(port, from, width),
  acknowledgeInterrupt: () => chips().acknowledgeInterrupt(),
  setFloatingPointError: (level) => chips().numericError(level),
});

/** The display adapter's memory as its chip reaches it. */
export function videoMemoryOf(core: Core, part: MemoryPart): VideoMemory {
  const { plan } = core;
  return {
    bytes: core.u8.subarray(plan.video, plan.video + plan.videoBytes),
    willWrite: (offset, bytes) => core.willWrite(plan.video + offset, bytes),
    mapping: core.i32.subarray(displayWords.start >> 2, displayWords.end >> 2),
    image: () => part.save(),
  };
}

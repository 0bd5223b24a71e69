/** The modern interface: structures in one block of memory, found by capabilities. VIRTIO 1.2, sections 4.1.4.3 to 4.1.4.9. */
import type { PciCapability } from '../pci-identity.js';
import {
  type Controls,
  configurationRegisters,
  featureWord,
  selectedQueue,
  vectorRegisters,
} from './legacy-interface.js';
import type { QueueState } from './queue.js';
import { type FileRegister, registerFile, type RegisterFile } from '../register-file.js';
import { feature, status, type VirtioContext } from './state.js';

/** The base address register of the block, and its size. */
export const memoryBar = 4;
export const memoryBytes = 0x4000;

const structureBytes = 0x1000;
/** Each structure's place in the block, and its number in its capability. */
const structures = {
  common: { at: 0x0000, type: 1 },
  interruptStatus: { at: 0x1000, type: 3 },
  configuration: { at: 0x2000, type: 4 },
  notification: { at: 0x3000, type: 2 },
} as const;
const vendorSpecific = 0x09;
const accessType = 5;
const notifyMultiplier = 4;

/** One half of a queue's 64-bit address; it is settled when the queue is enabled. */
function addressRegister<Context extends VirtioContext<unknown>>(
  offset: number,
  name: keyof QueueState & `${string}${'Low' | 'High'}`,
): FileRegister<Context> {
  return {
    offset,
    bytes: 4,
    read: (context) => selectedQueue(context)?.[name] ?? 0,
    write(context, value) {
      const queue = selectedQueue(context);
      if (queue !== undefined && !queue.enabled) queue[name] = value;
    },
  };
}

function featureRegisters<Context extends VirtioContext<unknown>>(kind: readonly number[]): FileRegister<Context>[] {
  const bits = [...kind, feature.indirectDescriptors, feature.eventIndex, feature.version1];
  return [
    {
      offset: 0x00,
      bytes: 4,
      read: ({ state }) => state.transport.deviceFeatureSelect,
      write: ({ state }, value) => void (state.transport.deviceFeatureSelect = value),
    },
    { offset: 0x04, bytes: 4, read: ({ state }) => featureWord(bits, state.transport.deviceFeatureSelect) },
    {
      offset: 0x08,
      bytes: 4,
      read: ({ state }) => state.transport.driverFeatureSelect,
      write: ({ state }, value) => void (state.transport.driverFeatureSelect = value),
    },
    {
      offset: 0x0c,
      bytes: 4,
      read: ({ state: { transport } }) =>
        [transport.featuresLow, transport.featuresHigh][transport.driverFeatureSelect] ?? 0,
      write({ state: { transport } }, value) {
        if (transport.status & status.featuresOk) return; // Settled (2.2.1).
        const accepted = (value & featureWord(bits, transport.driverFeatureSelect)) >>> 0;
        if (transport.driverFeatureSelect === 0) transport.featuresLow = accepted;
        if (transport.driverFeatureSelect === 1) transport.featuresHigh = accepted;
      },
    },
  ];
}

function queueRegisters<Context extends VirtioContext<unknown>>(controls: Controls<Context>): FileRegister<Context>[] {
  return [
    {
      offset: 0x16,
      bytes: 2,
      read: ({ state }) => state.transport.queueSelect,
      write: ({ state }, value) => void (state.transport.queueSelect = value),
    },
    {
      offset: 0x18,
      bytes: 2,
      read: (context) => selectedQueue(context)?.size || controls.sizeOffered(context.state.transport.queueSelect),
      write(context, value) {
        const queue = selectedQueue(context);
        const isPower = value > 0 && (value & (value - 1)) === 0;
        const fits = value <= controls.sizeOffered(context.state.transport.queueSelect);
        if (queue !== undefined && !queue.enabled && isPower && fits) queue.size = value;
      },
    },
    {
      offset: 0x1c,
      bytes: 2,
      read: (context) => (selectedQueue(context)?.enabled ? 1 : 0),
      write(context, value) {
        const { transport } = context.state;
        const queue = selectedQueue(context);
        if (queue === undefined || value !== 1) return; // Only a reset disables a queue (4.1.4.3.2).
        transport.dialect = 'modern';
        queue.size ||= controls.sizeOffered(transport.queueSelect);
        queue.enabled = true;
      },
    },
    { offset: 0x1e, bytes: 2, read: ({ state }) => state.transport.queueSelect },
    addressRegister(0x20, 'descriptorsLow'),
    addressRegister(0x24, 'descriptorsHigh'),
    addressRegister(0x28, 'driverLow'),
    addressRegister(0x2c, 'driverHigh'),
    addressRegister(0x30, 'deviceLow'),
    addressRegister(0x34, 'deviceHigh'),
  ];
}

/** The block of memory. */
export function modernInterface<Context extends VirtioContext<unknown>>(
  controls: Controls<Context>,
): RegisterFile<Context> {
  const common: FileRegister<Context>[] = [
    ...featureRegisters<Context>(controls.features),
    { offset: 0x12, bytes: 2, read: () => controls.queues },
    {
      offset: 0x14,
      bytes: 1,
      read: ({ state }) => state.transport.status,
      write: (context, value) => controls.writeStatus(context, value, 'modern'),
    },
    { offset: 0x15, bytes: 1, read: ({ state }) => state.transport.configurationGeneration },
    ...vectorRegisters(controls, { configuration: 0x10, queue: 0x1a }),
    ...queueRegisters(controls),
  ];
  const notifications = Array.from({ length: controls.queues }, (_, queue) => ({
    offset: structures.notification.at + queue * notifyMultiplier,
    bytes: 2 as const,
    write: (context: Context) => controls.notify(context, queue),
  }));
  return registerFile<Context>([
    ...common,
    { offset: structures.interruptStatus.at, bytes: 1, read: controls.takeInterruptStatus },
    ...configurationRegisters(controls, structures.configuration.at),
    ...notifications,
  ]);
}

/** The capability of one structure (4.1.4), from the byte behind the next pointer on. */
function capability(name: keyof typeof structures, bytes: number): PciCapability {
  const fixedBytes = 16;
  const word = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
  const extra = name === 'notification' ? word(notifyMultiplier) : [];
  const { at, type } = structures[name];
  const head = [fixedBytes + extra.length, type, memoryBar, 0, 0, 0];
  return { id: vendorSpecific, body: [...head, ...word(at), ...word(bytes), ...extra] };
}

/** The window for software that cannot reach memory, such as firmware (4.1.4.9). */
function accessCapability(): PciCapability {
  const bytes = 20;
  const kept = [0, 0, 0];
  const fields = (range: number, rest: number): number[] => [range, ...kept, ...Array<number>(12).fill(rest)];
  return {
    id: vendorSpecific,
    body: [bytes, accessType, ...fields(0, 0)],
    writable: [0, 0, ...fields(0xff, 0xff)],
    window: { range: 4, offset: 8, length: 12, data: 16 },
  };
}

/** The capabilities that lead a driver to the structures. */
export const modernCapabilities = (configurationBytes: number): readonly PciCapability[] => [
  capability('common', 0x38),
  capability('interruptStatus', 1),
  ...(configurationBytes > 0 ? [capability('configuration', configurationBytes)] : []),
  capability('notification', structureBytes),
  accessCapability(),
];

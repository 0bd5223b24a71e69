/** The legacy interface: one block of ports. VIRTIO 1.2, section 4.1.4.8. */
import { resetState } from '../../state/schema.js';
import { placeLegacyQueue, type QueueState, queueState } from './queue.js';
import { type FileRegister, registerFile, type RegisterFile } from '../register-file.js';
import { feature, noVector, type TransportState, usesMessages, type VirtioContext } from './state.js';

/** What an interface of a device may do to it; `transport.ts` makes it from a kind. */
export interface Controls<Context> {
  /** Feature bits of the kind. */
  readonly features: readonly number[];
  readonly queues: number;
  readonly sizeOffered: (queue: number) => number;
  readonly configurationBytes: number;
  readonly readConfiguration: (context: Context, offset: number) => number;
  readonly writeConfiguration: (context: Context, offset: number, value: number) => void;
  readonly notify: (context: Context, queue: number) => void;
  readonly writeStatus: (context: Context, value: number, dialect: TransportState['dialect']) => void;
  /** Reads the ISR status, which clears it. */
  readonly takeInterruptStatus: (context: Context) => number;
}

/** Bytes of the block before the device-specific configuration: as long as there is no MSI-X, and with it. */
const headerBytes = { pin: 0x14, messages: 0x18 } as const;
/** The most of them. */
export const legacyHeaderBytes = headerBytes.messages;

/** The bits of one half of the 64 feature bits as a word. */
export function featureWord(bits: readonly number[], half: number): number {
  return bits.filter((bit) => bit >> 5 === half).reduce((word, bit) => (word | (1 << (bit & 31))) >>> 0, 0);
}

/** The queue that the driver has selected; undefined when there is none of that number. */
export const selectedQueue = ({ state: { transport } }: VirtioContext<unknown>): QueueState | undefined =>
  transport.queues[transport.queueSelect];

/** The device-specific configuration, a byte a register. */
export function configurationRegisters<Context>(controls: Controls<Context>, base: number): FileRegister<Context>[] {
  return Array.from({ length: controls.configurationBytes }, (_, offset) => ({
    offset: base + offset,
    bytes: 1 as const,
    read: (context: Context) => controls.readConfiguration(context, offset),
    write: (context: Context, value: number) => controls.writeConfiguration(context, offset, value),
  }));
}

/** Queue Address: the page of the queue's three parts; zero disables it. */
function writePage<Context extends VirtioContext<unknown>>(
  context: Context,
  page: number,
  controls: Controls<Context>,
): void {
  const { transport } = context.state;
  const queue = selectedQueue(context);
  transport.dialect = 'legacy';
  if (queue === undefined) return;
  const { vector } = queue;
  resetState(queueState, queue);
  queue.vector = vector;
  placeLegacyQueue(queue, page, controls.sizeOffered(transport.queueSelect));
}

/** The message of the configuration, or of the selected queue; a number that there is not becomes none (4.1.5.1.2.1). */
export function vectorRegisters<Context extends VirtioContext<unknown>>(
  controls: Controls<Context>,
  at: { readonly configuration: number; readonly queue: number },
): FileRegister<Context>[] {
  const accepted = (value: number): number => (value <= controls.queues ? value : noVector);
  return [
    {
      offset: at.configuration,
      bytes: 2,
      read: ({ state }) => state.transport.configurationVector,
      write: ({ state }, value) => void (state.transport.configurationVector = accepted(value)),
    },
    {
      offset: at.queue,
      bytes: 2,
      read: (context) => selectedQueue(context)?.vector ?? noVector,
      write(context, value) {
        const queue = selectedQueue(context);
        if (queue !== undefined) queue.vector = accepted(value);
      },
    },
  ];
}

/** The block of ports: two more registers, and the configuration behind them, while messages are on. */
export function legacyInterface<Context extends VirtioContext<unknown>>(
  controls: Controls<Context>,
): RegisterFile<Context> {
  const common = commonRegisters(controls);
  const plain = registerFile([...common, ...configurationRegisters(controls, headerBytes.pin)]);
  const withMessages = registerFile([
    ...common,
    ...vectorRegisters(controls, { configuration: 0x14, queue: 0x16 }),
    ...configurationRegisters(controls, headerBytes.messages),
  ]);
  const now = (context: Context): RegisterFile<Context> => (usesMessages(context) ? withMessages : plain);
  return {
    read: (context, offset, width) => now(context).read(context, offset, width),
    write: (context, offset, value, width) => now(context).write(context, offset, value, width),
  };
}

function commonRegisters<Context extends VirtioContext<unknown>>(controls: Controls<Context>): FileRegister<Context>[] {
  const offered = featureWord(
    [...controls.features, feature.anyLayout, feature.indirectDescriptors, feature.eventIndex],
    0,
  );
  return [
    { offset: 0x00, bytes: 4, read: () => offered },
    {
      offset: 0x04,
      bytes: 4,
      read: ({ state }) => state.transport.featuresLow,
      write({ state: { transport } }, value) {
        transport.featuresLow = (value & offered) >>> 0;
        transport.featuresHigh = 0;
      },
    },
    {
      offset: 0x08,
      bytes: 4,
      read: (context) => selectedQueue(context)?.legacyPage ?? 0,
      write: (context, page) => writePage(context, page, controls),
    },
    { offset: 0x0c, bytes: 2, read: ({ state }) => controls.sizeOffered(state.transport.queueSelect) },
    {
      offset: 0x0e,
      bytes: 2,
      read: ({ state }) => state.transport.queueSelect,
      write: ({ state }, value) => void (state.transport.queueSelect = value),
    },
    { offset: 0x10, bytes: 2, write: controls.notify },
    {
      offset: 0x12,
      bytes: 1,
      read: ({ state }) => state.transport.status,
      write: (context, value) => controls.writeStatus(context, value, 'legacy'),
    },
    { offset: 0x13, bytes: 1, read: controls.takeInterruptStatus },
  ];
}

/**
 * Virtio over PCI as a transitional device: the legacy interface in ports (BAR 0) and the modern one in memory (BAR 4).
 * A kind of device (network, block …) says what it is as a {@link VirtioKind}; {@link defineVirtio} makes a chip of it.
 *
 * Source: OASIS Virtual I/O Device (VIRTIO) Version 1.2, sections 2 and 4.1; legacy interface: 4.1.4.8 and 4.1.5.1.
 * Not modelled: packed rings, queue reset, notification data, shared memory.
 */
import type { Frequency } from '../../clock/divider.js';
import { type Field, resetState } from '../../state/schema.js';
import { defineDevice, type DeviceContext, type Width } from '../device.js';
import type { PciIdentity } from '../pci-identity.js';
import { type Controls, legacyHeaderBytes, legacyInterface } from './legacy-interface.js';
import { memoryBar, memoryBytes, modernCapabilities, modernInterface } from './modern-interface.js';
import { queueState } from './queue.js';
import { driveInterrupt, isLive, status, type VirtioBoard, type VirtioContext, virtioState } from './state.js';

type KindOperations<State, Board> = Readonly<
  Record<string, (context: VirtioContext<State, Board>, ...args: never[]) => unknown>
>;

/** What one kind of virtio device adds to the transport. */
export interface VirtioKind<State extends object, Board, Ops extends KindOperations<State, Board>> {
  readonly name: string;
  readonly source: string;
  readonly notModelled: readonly string[];
  /** The device type (VIRTIO 1.2, section 5), which a transitional device shows as its subsystem. */
  readonly deviceType: number;
  /** The transitional PCI device identifier (4.1.2.1): 1000h and on. */
  readonly pciDevice: number;
  readonly classCode: number;
  /** Feature bits that the kind offers, beside those of the transport. */
  readonly features: readonly number[];
  /** The most entries of each queue: powers of two. A legacy driver has to take just that many. */
  readonly queueSizes: readonly number[];
  readonly clock?: Frequency;
  readonly state: Field<State>;
  /** The device-specific configuration (4.1.4.6). */
  readonly configurationBytes: number;
  readonly readConfiguration?: (context: VirtioContext<State, Board>, offset: number) => number;
  readonly writeConfiguration?: (context: VirtioContext<State, Board>, offset: number, value: number) => void;
  /** The driver says that a queue holds new chains; it is called for every queue when the driver is ready, too. */
  readonly notified: (context: VirtioContext<State, Board>, queue: number) => void;
  /**
   * The driver resets the device, or the board does after the state took its initial values. Default: the kind's state
   * takes its initial values.
   */
  readonly driverReset?: (context: VirtioContext<State, Board>) => void;
  readonly advance?: (context: VirtioContext<State, Board>, ticks: number) => void;
  readonly nextEdge?: (context: VirtioContext<State, Board>) => number;
  readonly operations: Ops;
}

/** What both interfaces do to a device, over one state. */
function controls<State extends object, Board, Ops extends KindOperations<State, Board>>(
  kind: VirtioKind<State, Board, Ops>,
): Controls<VirtioContext<State, Board>> {
  type Context = VirtioContext<State, Board>;
  const queues = kind.queueSizes.length;

  function reset(context: Context): void {
    const { transport, own } = context.state;
    const fresh = virtioState(queues, kind.state).initial().transport;
    Object.assign(transport, fresh, { queues: transport.queues });
    for (const queue of transport.queues) resetState(queueState, queue);
    if (kind.driverReset) kind.driverReset(context);
    else resetState(kind.state, own);
    driveInterrupt(context);
  }

  function notify(context: Context, queue: number): void {
    if (queue < queues && isLive(context)) kind.notified(context, queue);
  }

  return {
    features: kind.features,
    queues,
    sizeOffered: (queue) => kind.queueSizes[queue] ?? 0,
    configurationBytes: kind.configurationBytes,
    readConfiguration: (context, offset) => kind.readConfiguration?.(context, offset) ?? 0,
    writeConfiguration: (context, offset, value) => kind.writeConfiguration?.(context, offset, value),
    notify,
    writeStatus(context, value, dialect) {
      if (value === 0) return reset(context);
      const { transport } = context.state;
      transport.dialect = dialect;
      const before = transport.status;
      let next = (value & ~status.needsReset) | (before & status.needsReset);
      // A modern driver that does not accept VERSION_1 is refused (3.1.1, step 6).
      if (dialect === 'modern' && (transport.featuresHigh & 1) === 0) next &= ~status.featuresOk;
      transport.status = next;
      if (next & ~before & status.driverOk) for (let queue = 0; queue < queues; queue++) notify(context, queue);
    },
    takeInterruptStatus(context) {
      const { transport } = context.state;
      const value = transport.interruptStatus;
      transport.interruptStatus = 0;
      driveInterrupt(context);
      return value;
    },
  };
}

/**
 * The chip of a kind. Operations `readRegister` and `writeRegister` are BAR 0, `readMemory` and `writeMemory` BAR 4; the
 * kind's own come beside them.
 */
export function defineVirtio<State extends object, Board, Ops extends KindOperations<State, Board>>(
  kind: VirtioKind<State, Board, Ops>,
) {
  type Context = DeviceContext<ReturnType<typeof state.initial>, 'interrupt', VirtioBoard & Board>;
  const state = virtioState(kind.queueSizes.length, kind.state);
  const { advance, nextEdge } = kind;
  const services = controls(kind);
  const legacy = legacyInterface(services);
  const modern = modernInterface(services);
  return defineDevice({
    name: kind.name,
    source: kind.source,
    notModelled: [...kind.notModelled, 'packed rings', 'queue reset', 'notification data'],
    ...(kind.clock === undefined ? {} : { clock: kind.clock }),
    registers: {},
    inputs: [],
    outputs: ['interrupt'],
    state,
    reset(context: Context) {
      kind.driverReset?.(context);
      driveInterrupt(context);
    },
    ...(advance === undefined ? {} : { advance }),
    ...(nextEdge === undefined ? {} : { nextEdge }),
    read: {},
    write: {},
    operations: {
      readRegister: (context: Context, offset: number, width: Width): number => legacy.read(context, offset, width),
      writeRegister: (context: Context, offset: number, value: number, width: Width): void =>
        legacy.write(context, offset, value, width),
      readMemory: (context: Context, offset: number, width: Width): number => modern.read(context, offset, width),
      writeMemory: (context: Context, offset: number, value: number, width: Width): void =>
        modern.write(context, offset, value, width),
      ...kind.operations,
    },
  });
}

const vendor = 0x1af4;
/** Where the table of messages lies. */
const messageBar = 1;

/** What a kind's function says of itself in configuration space. */
export function virtioIdentity(kind: {
  readonly deviceType: number;
  readonly pciDevice: number;
  readonly classCode: number;
  readonly configurationBytes: number;
  readonly queueSizes: readonly number[];
}): PciIdentity {
  let portBytes = 1;
  while (portBytes < legacyHeaderBytes + kind.configurationBytes) portBytes *= 2;
  return {
    vendor,
    device: kind.pciDevice,
    revision: 0,
    classCode: kind.classCode,
    subsystemVendor: vendor,
    subsystem: kind.deviceType,
    interruptPin: 1,
    ranges: {
      0: { kind: 'ports', bytes: portBytes },
      [memoryBar]: { kind: 'memory', bytes: memoryBytes },
    },
    capabilities: modernCapabilities(kind.configurationBytes),
    messages: { range: messageBar, vectors: kind.queueSizes.length + 1 },
  };
}

/** Firmware configuration on a board: its ports, and the items that a description gives it. */
import { createDevice } from '../../device/device.js';
import { firmwareConfiguration } from '../../device/firmware-configuration/firmware-configuration.js';
import {
  type ConfigurationFile,
  itemKeys,
  type Items,
  numberItem,
  withFiles,
} from '../../device/firmware-configuration/items.js';
import { planBoot } from '../../firmware/boot/plan.js';
import type { Board } from '../board.js';
import { kernelRequestOf } from './kernel.js';

const places = { selector: 0x510, selectorPorts: 2, address: 0x514, addressPorts: 8 } as const;
/** The interface by ports, and that by commands in memory. */
const features = 0x3;
const ram = 1;

export function attachFirmwareConfiguration(board: Board): void {
  const { firmwareConfiguration: wanted } = board.description.testing ?? {};
  if (wanted === undefined) return;
  const files = wanted.files.map(({ name, text = '', image }) => ({
    name,
    bytes: image === undefined ? new TextEncoder().encode(text) : board.images.get(image.sha256)!,
  }));
  const items = withFiles(itemsOf(board), [{ name: 'etc/e820', bytes: memoryMap(board) }, ...files]);
  const { master: memory } = board;
  const device = createDevice(firmwareConfiguration, {
    lines: {},
    board: { items, memory, memoryBytes: board.description.memoryBytes },
  });
  const { select, readByte, readAddress, writeAddress } = device.operations;
  board.add('firmwareConfiguration', device);
  board.ports.place(places.selector, places.selectorPorts, {
    read: (offset, width) => (offset === 1 && width === 1 ? readByte() : undefined),
    write(offset, value, width) {
      if (width === 2) select(value);
      return width === 2 || offset === 1; // Bytes written to the data port do nothing.
    },
  });
  board.ports.place(places.address, places.addressPorts, { read: readAddress, write: writeAddress });
}

/** What the machine is, apart from files. */
function itemsOf(board: Board): Items {
  const { memoryBytes, testing } = board.description;
  const { uuid = '', graphics = true, bootMenu = false } = testing?.firmwareConfiguration ?? {};
  return new Map([
    [itemKeys.signature, new TextEncoder().encode('QEMU')],
    [itemKeys.id, numberItem(features, 4)],
    [itemKeys.uuid, Uint8Array.from({ length: 16 }, (_, at) => parseInt(uuid.slice(2 * at, 2 * at + 2) || '0', 16))],
    [itemKeys.memoryBytes, numberItem(memoryBytes, 8)],
    [itemKeys.noGraphics, numberItem(graphics ? 0 : 1, 2)],
    [itemKeys.processors, numberItem(1, 2)],
    [itemKeys.processorsMost, numberItem(1, 2)],
    [itemKeys.numaNodes, numberItem(0, 8)],
    [itemKeys.bootMenu, numberItem(bootMenu ? 1 : 0, 2)],
    [itemKeys.acpiTables, numberItem(0, 2)],
    [itemKeys.smbiosEntries, numberItem(0, 2)],
    // The timer stands at the I/O APIC's input 2.
    [itemKeys.timerOverride, Uint8Array.of(1)],
    ...kernelItems(board),
  ]);
}

/** The kernel: for Linux in its parts with the addresses where they go, for the others their file. */
function kernelItems(board: Board): [number, Uint8Array][] {
  const request = kernelRequestOf(board);
  if (request === undefined) return [];
  const address = (value: number): Uint8Array => numberItem(value, 4);
  if (request.protocol !== 'linux') {
    const line = new TextEncoder().encode(`${request.commandLine}\0`);
    return [
      [itemKeys.kernelSize, address(request.image.length)],
      [itemKeys.kernelData, request.image],
      [itemKeys.commandLineSize, address(line.length)],
      [itemKeys.commandLineData, line],
    ];
  }
  const [, setup, line, kernel, disk] = planBoot(request);
  return [
    [itemKeys.setupAddress, address(setup!.address)],
    [itemKeys.setupSize, address(setup!.bytes.length)],
    [itemKeys.setupData, setup!.bytes],
    [itemKeys.commandLineAddress, address(line!.address)],
    [itemKeys.commandLineSize, address(line!.bytes.length)],
    [itemKeys.commandLineData, line!.bytes],
    [itemKeys.kernelAddress, address(kernel!.address)],
    [itemKeys.kernelSize, address(kernel!.bytes.length)],
    [itemKeys.kernelData, kernel!.bytes],
    ...(disk === undefined
      ? []
      : ([
          [itemKeys.initrdAddress, address(disk.address)],
          [itemKeys.initrdSize, address(disk.bytes.length)],
          [itemKeys.initrdData, disk.bytes],
        ] satisfies [number, Uint8Array][])),
  ];
}

/** The memory map's file: address, length and type of every range, of which there is one. */
function memoryMap(board: Board): ConfigurationFile['bytes'] {
  const map = new Uint8Array(20);
  map.set(numberItem(board.description.memoryBytes, 8), 8);
  map.set(numberItem(ram, 4), 16);
  return map;
}

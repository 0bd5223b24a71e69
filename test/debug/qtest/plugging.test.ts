import { describe, expect, test } from 'vitest';
import { Plugging } from '../../../src/debug/qtest/plugging.js';
import type { InputEvent, MachineDescription, SlottedCard } from '../../../src/machine/machine.js';

const medium = { sha256: 'a'.repeat(64), size: 4096, writable: true };
const blank = { source: { blankBytes: 4096 }, cdrom: false, writable: true };

function desk(network: MachineDescription['network'] = []) {
  const inputs: InputEvent[] = [];
  const deleted: string[] = [];
  const description: { -readonly [Name in keyof MachineDescription]?: MachineDescription[Name] } = {
    media: {},
    network,
  };
  const plugging = new Plugging(
    {
      description: () => description as MachineDescription,
      input(event) {
        inputs.push(event);
        if (event.kind === 'plugNetworkCard')
          description.network = [...(description.network ?? []), { card: event.card, network: event.network }];
      },
      mediumOf: () => medium,
      deleted: (id) => void deleted.push(id),
    },
    {
      ids: new Map<string, SlottedCard | number>([
        ['net0', 'network'],
        ['port', 2],
      ]),
      backends: new Map([['drive0', { ...blank, isNode: false }]]),
      uses: new Map(),
    },
  );
  return { plugging, inputs, deleted };
}

describe('devices by the machine protocol', () => {
  test('a disk is plugged into the slot that its address names, and its drive goes with it', () => {
    const { plugging, inputs, deleted } = desk();
    plugging.add({ driver: 'virtio-blk-pci', id: 'dev0', drive: 'drive0', addr: '0x06.0' });
    expect(inputs).toEqual([{ kind: 'plugDisk', drive: 'virtio0', medium, slot: 6 }]);
    plugging.remove({ id: 'dev0' });
    expect(inputs[1]).toEqual({ kind: 'unplug', card: 'virtio0' });
    expect([deleted, plugging.names(false)]).toEqual([[], ['drive0']]);
    plugging.removed('virtio0');
    expect([deleted, plugging.names(false)]).toEqual([['dev0'], []]);
  });

  test('a network card is known by its identifier, whatever place it got', () => {
    const { plugging, inputs } = desk([{ card: 'e1000', network: 'none' }]);
    plugging.add({ driver: 'rtl8139', id: 'net1', mac: '52:54:00:00:00:01' });
    plugging.remove({ id: 'net1' });
    expect(inputs.at(-1)).toEqual({ kind: 'unplug', card: 'network1' });
  });

  test('a SCSI disk is the target that it asks for, or the first that is free', () => {
    const { plugging, inputs } = desk();
    plugging.addNode('node0', blank);
    plugging.add({ driver: 'scsi-hd', drive: 'drive0', 'scsi-id': 4 });
    plugging.add({ driver: 'scsi-hd', drive: 'node0' });
    expect(inputs).toMatchObject([{ drive: 'scsi4' }, { drive: 'scsi0' }]);
  });

  test('a port of the console goes at once', () => {
    const { plugging, inputs, deleted } = desk();
    plugging.remove({ id: 'port' });
    expect(inputs).toEqual([{ kind: 'unplugConsolePort', port: 2 }]);
    expect(deleted).toEqual(['port']);
  });

  test('a node stays when its device goes, and cannot be removed before', () => {
    const { plugging } = desk();
    plugging.addNode('node0', blank);
    plugging.add({ driver: 'virtio-blk-pci', id: 'dev0', drive: 'node0' });
    expect(() => plugging.removeNode('node0')).toThrow('in use');
    plugging.removed('virtio0');
    expect(plugging.names(true)).toEqual(['node0']);
    plugging.removeNode('node0');
    expect(plugging.names(true)).toEqual([]);
  });

  test('drives are added and deleted by the human monitor', () => {
    const { plugging } = desk();
    expect(plugging.addDrive('if=none,id=other,file=null-co://')).toBe('OK\r\n');
    expect(plugging.addDrive('if=none,id=other')).toContain('Duplicate');
    expect(plugging.removeDrive('other')).toBe('');
    expect(plugging.removeDrive('other')).toContain('not found');
  });

  test.each([
    [{}, "'driver' is missing"],
    [{ driver: 'virtio-mouse-pci' }, 'not a valid device model'],
    [{ driver: 'ne2k_isa' }, 'not a valid device model'],
    [{ driver: 'virtio-blk-pci' }, 'drive is empty'],
    [{ driver: 'virtio-blk-pci', drive: 'nothing' }, "can't find"],
    [{ driver: 'e1000', id: 'net0' }, 'Duplicate'],
  ])('%o is refused', (words, message) => {
    expect(() => desk().plugging.add(words)).toThrow(message);
  });

  test('what is not there cannot be removed', () => {
    expect(() => desk().plugging.remove({ id: 'dev9' })).toThrow("'dev9' not found");
  });
});

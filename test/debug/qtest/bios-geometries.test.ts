import { expect, test } from 'vitest';
import { parseQemuCommand } from '../../../src/debug/qtest/qemu-options.js';

const geometriesOf = (words: string) => parseQemuCommand(words.split(' ')).machine?.geometries;

test('disks whose devices say so have their geometry by their place, those of zeros have none', () => {
  expect(
    geometriesOf(
      '-drive file=a,if=none,id=a -drive file=b,if=none,id=b -drive file=c,if=none,id=c -drive file=d,if=none,id=d ' +
        '-device ide-hd,drive=a,bus=ide.1,unit=1,lcyls=10000,lheads=120,lsecs=30 ' +
        '-device ide-hd,drive=b,bus=ide.0,unit=0,lcyls=0,lheads=0,lsecs=0 ' +
        '-device lsi53c895a,id=scsi0,addr=3 -device scsi-hd,drive=c,bus=scsi0.0,scsi-id=2,lcyls=1 ' +
        '-device virtio-blk-pci,drive=d,addr=0a.0,lcyls=20,lheads=20,lsecs=20',
    ),
  ).toEqual([
    '/pci@i0cf8/ide@1,1/drive@1/disk@1 10000 120 30\n',
    '/pci@i0cf8/scsi@3/channel@0/disk@2,0 1 0 0\n',
    '/pci@i0cf8/scsi@a/disk@0,0 20 20 20\n',
  ]);
});

test('a machine whose disks say nothing has no such file, nor the interface for it', () => {
  expect(geometriesOf('-drive file=a,if=none,id=a -device ide-hd,drive=a')).toBeUndefined();
});

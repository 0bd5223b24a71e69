import { describe, expect, test } from 'vitest';
import { UserError } from '../../../src/base/errors.js';
import { parseQemuCommand } from '../../../src/debug/qtest/qemu-options.js';

const parse = (line: string) => parseQemuCommand(line.split(' '));
const machine = (line: string) => parse(line).machine!;

describe("QEMU's command line", () => {
  test('as libqtest writes it names two sockets and a machine', () => {
    const command = parse(
      '-qtest unix:/tmp/q.sock -qtest-log /dev/null -chardev socket,path=/tmp/q.qmp,id=char0 ' +
        '-mon chardev=char0,mode=control -display none -machine pc -audio none -accel qtest',
    );
    expect(command.qtestSocket).toBe('/tmp/q.sock');
    expect(command.qmpSockets).toEqual(['/tmp/q.qmp']);
    expect(command.machine).toMatchObject({ memory: '128M', display: 'vga' });
  });

  test('may ask for no machine at all', () => {
    expect(parse('-machine none').machine).toBeUndefined();
  });

  test('gives drives their places', () => {
    const { images, names } = machine(
      '-hda a.img -drive file=b.img,if=ide,index=3,format=raw -cdrom c.iso -fda f.img -drive if=none,id=x,file=d,,e.img ' +
        '-device virtio-blk-pci,drive=x,id=blk -drive if=floppy,index=1,file=null-co://,size=1440k -device floppy,id=fl',
    );
    expect(Object.fromEntries([...images].map(([drive, { source }]) => [drive, source]))).toEqual({
      disk0: 'a.img',
      disk3: 'b.img',
      cdrom0: 'c.iso',
      floppyA: 'f.img',
      floppyB: { blankBytes: 1440 * 1024 },
      virtio0: 'd,e.img',
    });
    expect(names.get('blk')).toBe('virtio0');
    expect(names.get('fl')).toBe('floppyA');
    expect(images.get('cdrom0' as never)?.writable).toBe(false);
  });

  test('puts disks where a device says, whichever comes first', () => {
    const { images } = machine('-device ide-hd,drive=d,bus=ide.1,unit=1 -drive if=none,id=d,file=a.img');
    expect([...images.keys()]).toEqual(['disk3']);
  });

  test('names block devices by their nodes, and firmware by its path', () => {
    const made = machine(
      '-blockdev driver=file,node-name=n,filename=a.img -device ide-hd,drive=n,bus=ide.0 -bios b.bin',
    );
    expect(made.images.get('disk0')?.source).toBe('a.img');
    expect(parse('-bios b.bin').firmware.bios).toBe('b.bin');
  });

  test('gives cards and components', () => {
    const { cards, devices, display, memory } = machine(
      '-vga none -device VGA -m size=2G -device e1000,mac=52:54:00:00:00:01,addr=04.0 -device ne2k_pci ' +
        '-device virtio-serial-pci -device virtconsole -device lsi53c895a,id=scsi',
    );
    expect(cards).toEqual([{ card: 'e1000', mac: '52:54:00:00:00:01' }, { card: 'ne2000-pci' }]);
    expect(devices).toEqual(['virtio-console', 'lsi53c895a']);
    expect([display, memory]).toEqual(['vbe', '2G']);
  });

  test('says what makers gave their disks, by device or for all of a kind', () => {
    const { images, translations } = machine(
      '-drive if=none,id=d,file=a -device ide-hd,drive=d,cyls=480,heads=4,secs=32,bios-chs-trans=lba,serial=own ' +
        '-global ide-hd.serial=all -global ide-hd.ver=version -drive if=ide,index=1,file=b',
    );
    expect(images.get('disk0')?.details).toEqual({
      geometry: { cylinders: 480, heads: 4, sectorsPerTrack: 32 },
      serialNumber: 'own',
      firmwareRevision: 'version',
    });
    expect(images.get('disk1')?.details).toEqual({ serialNumber: 'all', firmwareRevision: 'version' });
    expect([...translations]).toEqual([['disk0', 1]]);
  });

  test('knows images behind rules that let requests fail', () => {
    const { images, names } = machine(
      '-drive file=blkdebug:rules:image,if=ide,werror=stop -drive file=blkdebug::/tmp/b,if=ide,index=2',
    );
    expect(images.get('disk0')).toMatchObject({
      source: 'image',
      debug: { rules: 'rules', read: 'report', write: 'stop' },
    });
    expect(images.get('disk2')).toMatchObject({ source: '/tmp/b', debug: { rules: '', read: 'report' } });
    expect(names.get('ide1-hd0')).toBe('disk2');
  });

  test('leaves what is booted from in the clock, once and from a reset on', () => {
    const bytes = (line: string) => {
      const { first, afterReset } = parse(line).setUp;
      return [first, afterReset].map((setUp) => setUp.map(({ value }) => value));
    };
    const usual = [0x12, 0x30];
    expect(bytes('-m 4')).toEqual([usual, usual]);
    expect(bytes('-boot order= -boot once=d -no-fd-bootchk')).toEqual([
      [0x03, 0x01],
      [0x00, 0x01],
    ]);
  });

  test('plugs cards into sockets, and lets the processor run where it is not to be left out', () => {
    const command = parse(
      '-netdev socket,fd=7,id=n -device virtio-net-pci,netdev=n -accel kvm -accel tcg -accel qtest',
    );
    expect(command.machine?.cards).toEqual([{ card: 'virtio-net', socket: 7 }]);
    expect(command.runs).toBe(true);
    expect(parse('-accel qtest').runs).toBe(false);
  });

  test('is refused where it asks for something that is not there', () => {
    for (const line of [
      '-machine q35',
      '-device isa-testdev',
      '-drive file=nbd:x,if=ide',
      '-drive file=a,if=sd',
      '-device ide-hd,drive=nowhere',
      '-frobnicate yes',
      '-m',
    ]) {
      expect(() => parse(line), line).toThrow(UserError);
    }
  });

  test('says what firmware is to know', () => {
    const { firmware } = parse(
      '-uuid 4600cb32-38ec-4b2f-8acb-81c6ea54f2d8 -boot order=c,reboot-timeout=-1,splash-time=12,menu=on ' +
        '-fw_cfg name=opt/mine,string=a,,b -fw_cfg opt/table,file=t.bin -M pc -M graphics=off',
    );
    expect(firmware).toMatchObject({
      uuid: '4600cb32-38ec-4b2f-8acb-81c6ea54f2d8',
      graphics: false,
      bootMenu: true,
    });
    expect(firmware.files).toEqual([
      { name: 'etc/boot-fail-wait', bytes: Uint8Array.of(255, 255, 255, 255) },
      { name: 'etc/boot-menu-wait', bytes: Uint8Array.of(12, 0) },
      { name: 'opt/mine', bytes: new TextEncoder().encode('a,b') },
      { name: 'opt/table', path: 't.bin' },
    ]);
  });

  test('leads serial lines and the debug console into files', () => {
    const { outputs, machine: made } = parse(
      '-serial none -serial chardev:s -chardev file,id=s,path=/tmp/s -serial file:/tmp/t -serial stdio ' +
        '-device isa-debugcon,iobase=0x402,chardev=d -chardev file,id=d,path=/tmp/d -device isa-debug-exit,iobase=0xf4,iosize=0x04',
    );
    expect([...outputs]).toEqual([
      [1, '/tmp/s'],
      [2, '/tmp/t'],
      ['debugConsole', '/tmp/d'],
    ]);
    expect(made?.testing).toEqual({ debugConsole: { port: '0x402' }, debugExit: { port: '0xf4', bytes: '0x04' } });
  });

  test('puts SCSI drives on the adapters, targets and units that devices name', () => {
    const drives = ['a', 'b', 'c', 'd'].map((id) => `-drive if=none,id=${id},file=${id}.img`).join(' ');
    const made = machine(
      `${drives} -device lsi53c895a,id=x,addr=3 -device virtio-scsi-pci,id=y,addr=4 -device scsi-hd,drive=a,bus=x.0,scsi-id=0 ` +
        '-device scsi-hd,drive=b,bus=y.0,scsi-id=0,lun=1,lcyls=1 -device scsi-hd,drive=c,bus=y.0,scsi-id=1 -device scsi-hd,drive=d',
    );
    expect([made.devices, made.scsiAdapters]).toEqual([['lsi53c895a'], ['virtio-scsi']]);
    expect(made.slots).toEqual([
      { card: 'lsi53c895a', slot: 3 },
      { card: 'scsiAdapter1', slot: 4 },
    ]);
    expect(Object.fromEntries([...made.images].map(([drive, { source }]) => [drive, source]))).toEqual({
      scsi0: 'a.img',
      scsi6: 'b.img',
      scsi5: 'c.img',
      scsi1: 'd.img',
    });
    expect(made.scsiPlaces).toEqual([
      { drive: 'scsi6', adapter: 1, target: 0, unit: 1 },
      { drive: 'scsi5', adapter: 1, target: 1, unit: 0 },
    ]);
    expect(made.geometries).toEqual(['/pci@i0cf8/scsi@4/channel@0/disk@0,1 1 0 0\n']);
    expect(() => machine('-drive if=none,id=a,file=a -device scsi-hd,drive=a,bus=z.0')).toThrow("Bus 'z.0' not found");
  });

  test('plugs cards into the built-in network, which boots a file from a folder', () => {
    expect(machine('-netdev user,id=n,tftp=./,bootfile=a/b -device e1000,netdev=n,bootindex=1').cards).toEqual([
      { card: 'e1000', user: { folder: './', bootFile: 'a/b' } },
    ]);
  });

  test('takes cards with their back ends in one option, and boards without event timers', () => {
    const { cards } = machine('-nic user,model=rtl8139,mac=52:54:00:00:00:09 -nic none -nic socket,fd=7');
    expect(cards).toEqual([
      { card: 'rtl8139', mac: '52:54:00:00:00:09', user: {} },
      { card: 'e1000', socket: 7 },
    ]);
    expect([parse('-no-hpet').hpet, parse('-M pc,hpet=off').hpet, parse('-M isapc').hpet, parse('-S').hpet]).toEqual([
      ...[false, false, false, true],
    ]);
  });

  test('has boards and devices stand in for others where its user says so, and tells', () => {
    const {
      board,
      machine: made,
      notes,
    } = parseQemuCommand('-M pc-q35-5.2 -device lsi53c810 -device lsi53c895a'.split(' '), [
      'q35=pc',
      'lsi53c810=lsi53c895a',
    ]);
    expect([board, made?.devices]).toEqual(['i440fx', ['lsi53c895a']]);
    expect(notes).toEqual(['asked for lsi53c810, ran on lsi53c895a', 'asked for q35, ran on pc']);
    expect(() => parseQemuCommand([], ['q35'])).toThrow('"q35" does not say what stands in for what');
    expect(() => parse('-M q35')).toThrow('--stand-in q35=pc');
    expect(parse('-M isapc')).toMatchObject({ board: 'pc', processor: 'pentium3', notes: [] });
  });

  test.each([
    ['-smp 2', '-smp: there is one processor'],
    ['-object filter-dump,id=f', '-object: there is no object "filter-dump"'],
    ['-serial chardev:x', '-serial: there is no character device "x"'],
    ['-serial tcp::1', 'into a file (file:PATH) or nowhere'],
    ['-boot reboot-timeout=never', 'reboot-timeout is a whole number from -1 to 65535'],
    ['-fw_cfg opt/x', 'with one of string=TEXT and file=PATH'],
    ['-incoming', '-incoming: there is no such option'],
    ['-m', '-m: a value is missing'],
  ])('ends with a clear message at %s', (line, message) => {
    expect(() => parse(line)).toThrow(message);
  });
});

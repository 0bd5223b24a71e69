/** Debian 12 installed on a disk, started by its own boot loader from the master boot record: systemd, a network, a restart. */
import {
  expect,
  guest,
  guestSeconds,
  guestTest,
  longRuns,
  poweredOff,
  screenShows,
  serialShows,
  type Vm,
} from 'tsvm-test';

const often = { every: guestSeconds(0.25) };
const aBoot = { ...often, within: guestSeconds(400) };
const aCommand = { ...often, within: guestSeconds(120) };

/** Sixteen thousand million cycles: only where `--long` asks for it. */
const machine = {
  machine: 'i440fx',
  processor: 'pentium3',
  memory: '256M',
  network: ['e1000'],
  served: 'suites/linux/served',
} as const;
// Built by build-disk.sh from packages that not every computer can fetch.
const image = guest('debian12-i386-disk.img', { optional: true });

const drives = [
  { drive: 'disk0', what: 'an ATA disk', more: { disk: image } },
  { drive: 'scsi0', what: 'a SCSI disk', more: { scsi0: image } },
  { drive: 'virtio0', what: 'a virtio disk', more: { virtio0: image } },
];

async function logIn(vm: Vm, after = 0): Promise<void> {
  const shown = (wanted: string) => ({
    description: `"${wanted}" on the serial line`,
    holds: () => vm.serial.text().slice(after).includes(wanted),
  });
  await vm.runUntil(shown('debian login: '), aBoot);
  vm.send('root\r');
  await vm.runUntil(shown('Password: '), aCommand);
  vm.send('root\r');
  await vm.runUntil(shown('root@debian:~# '), aCommand);
}

/** What a command says on the serial line; it must succeed. */
async function does(vm: Vm, command: string): Promise<string> {
  const before = vm.serial.text().length;
  const ended = /=== (\d+) ===/;
  const since = (): string => vm.serial.text().slice(before);
  vm.send(`${command}; echo "===" $? "==="\r`);
  await vm.runUntil({ description: `the end of "${command}"`, holds: () => ended.test(since()) }, aCommand);
  expect(ended.exec(since())?.[1], since()).toBe('0');
  return since().replaceAll('\r', '');
}

for (const { drive, what, more } of drives) {
  const test = guestTest({ ...machine, ...more, start: (vm) => logIn(vm) }).runIf(longRuns());

  test(`starts from ${what} (${drive}), loses no unit, and is restarted and switched off by itself`, async ({ vm }) => {
    await vm.runUntil(screenShows('debian login:'), aCommand);
    expect(await does(vm, 'systemctl --failed --no-pager | cat')).toContain('0 loaded units listed');
    expect(await does(vm, 'ip -4 addr show eth0')).toContain('inet 10.0.2.15/24');
    await does(vm, 'wget -q http://10.0.2.2/lines.txt && cp /bin/bash copy && sync');
    vm.send('reboot\r');
    // Before it goes down it may offer a login once more.
    await vm.runUntil(serialShows('reboot: Restarting system'), aBoot);
    await logIn(vm, vm.serial.text().length);
    await does(vm, 'cmp /bin/bash copy && test -s lines.txt');
    expect(await does(vm, 'dmesg')).not.toMatch(/I\/O error|recovering journal|recovery required|failed command/);
    vm.send('poweroff\r');
    await vm.runUntil(poweredOff(), aBoot);
  });
}

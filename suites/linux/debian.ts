/** What the suites here share: Debian's kernel with Debian's drivers, and a shell on its serial console. */
import { expect, guest, guestSeconds, type GuestSettings, serialShows, type Vm } from 'tsvm-test';

const patience = { within: guestSeconds(120), every: guestSeconds(0.05) };

/** Debian 12's kernel for the 686 on a board with PCI, up to a shell on the first serial port. No driver is loaded yet. */
export const debian: GuestSettings = {
  machine: 'i440fx',
  processor: 'pentium3',
  memory: '256M',
  kernel: guest('debian12-vmlinuz-6.1-686', {
    sha256: 'd8d6e857bf1a3adb6505e0188ff6377fbf277b467797b2883e92bc70756841d6',
  }),
  // Built by build-modules.sh from a package that not every computer can fetch.
  initrd: guest('debian12-686-modules.cpio.gz', { optional: true }),
  commandLine: 'console=ttyS0 cryptomgr.notests mitigations=off rdinit=/hardware/start',
  start: (vm) => vm.runUntil(serialShows('=== READY 6.1.0-47-686'), patience),
};

/** Gives the shell a command, and returns what the console showed until it ended. */
export async function attempt(vm: Vm, command: string): Promise<{ said: string; status: number }> {
  const before = vm.serial.text().length;
  vm.send(`${command}\n`);
  const ended = /=== ENDED (\d+)\r\n/;
  const late = { description: `the end of "${command}"`, holds: () => ended.test(vm.serial.text().slice(before)) };
  await vm.runUntil(late, patience);
  const [everything, status] = [vm.serial.text().slice(before), ended.exec(vm.serial.text().slice(before))![1]];
  return { said: everything.replaceAll('\r', ''), status: Number(status) };
}

/** The same for a command that must succeed. */
export async function does(vm: Vm, command: string): Promise<string> {
  const { said, status } = await attempt(vm, command);
  expect(status, `${command}\n${said}`).toBe(0);
  return said;
}

/** Loads drivers and waits until they have found a disk: they look for it on their own time. */
export async function load(vm: Vm, modules: string, node: string): Promise<void> {
  await does(vm, modules);
  await does(vm, `until [ -b /dev/${node} ]; do usleep 10000; done`);
}

/** Makes a file system on a disk, and finds in it what was written, after all caches were dropped; the log has no error. */
export async function keepsFiles(vm: Vm, node: string, fileBytes: number): Promise<void> {
  await does(vm, `mke2fs /dev/${node} && modprobe ext4 && mount -t ext2 /dev/${node} /media`);
  await does(vm, `head -c ${fileBytes} /bin/busybox >/media/file && sync && umount /media`);
  await does(vm, `echo 3 >/proc/sys/vm/drop_caches && mount -t ext2 -o ro /dev/${node} /media`);
  const [written] = /^[0-9a-f]{64}/m.exec(await does(vm, `head -c ${fileBytes} /bin/busybox | sha256sum`))!;
  expect(await does(vm, 'sha256sum /media/file')).toContain(written);
  expect(await does(vm, 'dmesg')).not.toMatch(/I\/O error|timeout|timed out|exception Emask|failed command/);
}

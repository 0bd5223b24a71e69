/** Debian 12's kernel for the Pentium Pro and later with a BusyBox shell on the serial line, started by the Linux boot protocol. */
import { createHash } from 'node:crypto';
import { expect, guest, guestSeconds, guestTest, poweredOff, serialShows } from 'tsvm-test';

const kernel = guest('debian12-vmlinuz-6.1-686', {
  sha256: 'd8d6e857bf1a3adb6505e0188ff6377fbf277b467797b2883e92bc70756841d6',
});
const initrd = guest('initrd-busybox-i386.gz', {
  sha256: '12022fda5062e296979c9533124f34e0f0599c9bf452802998e2a95e02896a59',
});

const test = guestTest({
  machine: 'i440fx',
  kernel,
  initrd,
  commandLine: 'console=ttyS0 cryptomgr.notests mitigations=off',
  memory: '256M',
  start: async (vm) => {
    await vm.runUntil(serialShows('=== READY'), { within: guestSeconds(120) });
    await vm.wait(guestSeconds(1));
  },
});
const patience = { within: guestSeconds(20) };

test('reaches a shell with ACPI and both APICs in use', async ({ vm }) => {
  const log = vm.serial.text();
  expect(log).toContain('ACPI: Core revision');
  expect(log).toContain('ACPI: Using IOAPIC for interrupt routing');
  expect(log).toContain('DMI: tsvm-test 440FX PC');
  expect(log).not.toMatch(/BUG|Oops|Call Trace|ACPI Error|ACPI BIOS Error/);
});

test('knows the processor, the chipset and the interrupts of this machine', async ({ vm }) => {
  vm.send('grep -c . /proc/cpuinfo; cat /proc/interrupts; cat /proc/ioports; echo listed-$((1+1))\n');
  await vm.runUntil(serialShows('listed-2'), patience);
  const log = vm.serial.text();
  expect(log).toContain('Pentium III (Coppermine)');
  expect(log).toMatch(/0: +\d+ +IO-APIC +2-edge +timer/);
  expect(log).toContain('ACPI PM_TMR');
});

test("finds the processor's performance counters, and its NMI watchdog is called by one of them", async ({ vm }) => {
  // More than ten seconds of the processor's own time: the watchdog's period.
  vm.send('i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; cat /proc/interrupts; echo counted-$((2+2))\n');
  await vm.runUntil(serialShows('counted-4'), { within: guestSeconds(60) });
  const log = vm.serial.text();
  expect(log).toContain('Performance Events: p6 PMU driver.');
  expect(log).toContain('NMI watchdog: Enabled. Permanently consumes one hw-PMU counter.');
  expect(log).toMatch(/NMI: +[1-9]/);
  expect(log).toMatch(/PMI: +[1-9]/);
  expect(log).not.toMatch(/BUG|Oops|lockup|Uhhuh/);
});

test('computes what the host computes', async ({ vm }) => {
  vm.send('seq 1 20000 | sha256sum; seq 1 3000 | gzip -c | gunzip -c | md5sum; echo "7^77" | bc; echo done-$((2*3))\n');
  await vm.runUntil(serialShows('done-6'), { within: guestSeconds(60) });
  const log = vm.serial.text();
  const lines = (last: number): string => Array.from({ length: last }, (_, at) => `${at + 1}\n`).join('');
  expect(log).toContain(createHash('sha256').update(lines(20_000)).digest('hex'));
  expect(log).toContain(createHash('md5').update(lines(3000)).digest('hex'));
  expect(log).toContain(String(7n ** 77n).slice(0, 60));
});

test('switches its machine off', async ({ vm }) => {
  vm.send('poweroff -f\n');
  await vm.runUntil(poweredOff(), patience);
});

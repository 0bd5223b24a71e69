/** Page table walks of the 80386 (Intel 386 DX Programmer's Reference Manual, 230985, section 5.2). */
import type { Core } from './core.js';
import { vectors } from './core.js';

const PRESENT = 1;
const WRITABLE = 2;
const USER = 4;
const ACCESSED = 0x20;
const DIRTY = 0x40;

/**
 * Walks the page tables for an access; gives the physical page and sets the accessed and dirty bits. The 80386's
 * supervisor may write read-only pages. Faults with the error code of section 9.8.14.
 */
export function walk(core: Core, linear: number, write: boolean, user: boolean): number {
  const fail = (present: boolean): never => {
    core.set('cr2', linear);
    return core.fault(vectors.pageFault, (present ? 1 : 0) | (write ? 2 : 0) | (user ? 4 : 0));
  };
  const directoryAddress = (core.get('cr3') & ~0xfff) | ((linear >>> 20) & 0xffc);
  const directory = core.readPhysical(directoryAddress & core.addressMask, 4);
  if ((directory & PRESENT) === 0) return fail(false);
  const tableAddress = (directory & ~0xfff) | ((linear >>> 10) & 0xffc);
  const table = core.readPhysical(tableAddress & core.addressMask, 4);
  if ((table & PRESENT) === 0) return fail(false);
  const rights = directory & table;
  if (user && ((rights & USER) === 0 || (write && (rights & WRITABLE) === 0))) return fail(true);
  if ((directory & ACCESSED) === 0) core.writePhysical(directoryAddress & core.addressMask, directory | ACCESSED, 4);
  const marked = table | ACCESSED | (write ? DIRTY : 0);
  if (marked !== table) core.writePhysical(tableAddress & core.addressMask, marked, 4);
  return table & ~0xfff;
}

/** The physical address behind a linear one, as the tables stand; undefined where no page is present. Changes nothing. */
export function peekPhysical(core: Core, linear: number): number | undefined {
  if (!core.paging) return linear & core.addressMask;
  const read = (address: number): number => {
    const page = core.bus.page(address & core.addressMask & ~0xfff);
    return page.address === 0 ? 0 : core.view.getInt32(page.address + (address & 0xffc), true);
  };
  const directory = read((core.get('cr3') & ~0xfff) | ((linear >>> 20) & 0xffc));
  if ((directory & PRESENT) === 0) return undefined;
  const table = read((directory & ~0xfff) | ((linear >>> 10) & 0xffc));
  return (table & PRESENT) === 0 ? undefined : ((table & ~0xfff) | (linear & 0xfff)) & core.addressMask;
}

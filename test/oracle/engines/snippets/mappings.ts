/** The same memory at two linear addresses: what shares an entry of the TLB, and entries of page tables changed by hand. */
import { d } from '../../../cpu/bytes.js';
import { hasAlias, pagingOn } from '../environment.js';
import { anyAddress } from '../forms.js';
import { aliasBases, places, variables } from '../program.js';
import { EAX, ECX, EDI, ESI, jcc } from '../writer.js';
import type { Body, Snippet } from './body.js';
import { arithmetic } from './integer.js';
import { service } from './worlds.js';

const direct = (reg: number, rm: number): number => 0xc0 | (reg << 3) | rm;

/** A linear address in the second mapping whose page has the entry of this one's page. */
const partnerOf = (linear: number): number => aliasBases[1] + (linear ^ 0x1000);

/** Addresses of data in two pages that share an entry, either of them first; now and then the same one, or neighbours. */
function pair(body: Body): [number, number] {
  const at = variables.free + body.random.below(places.dataEnd - variables.free - 0x400);
  const other = partnerOf(body.chance(70) ? at + body.between(-64, 64) : anyAddress(body) & 0xffff);
  return body.chance(50) ? [at, other] : [other, at];
}

/** String instructions between, or over, pages that share an entry. */
export const sharedRun: Snippet = (body) => {
  const isTaken = [ECX, ESI, EDI].some((register) => body.reserved.has(register));
  if (!hasAlias(body.environment) || isTaken) return arithmetic(body);
  body.risky(() => {
    const [from, to] = pair(body);
    body.set(ECX, body.chance(80) ? body.between(1, 40) : body.between(40, 600));
    body.set(ESI, from);
    body.set(EDI, to);
    if (body.chance(20)) body.emit(0xfd);
    if (body.chance(85)) body.emit(body.pick([0xf2, 0xf3]));
    body.op(body.pick([32, 32, 16]), body.pick([0xa4, 0xa5, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf]));
  });
  body.emit(0xfc);
};
/** A small loop that goes from one such page to the other and back. */
export const sharedLoop: Snippet = (body) => {
  if (!hasAlias(body.environment) || body.reserved.has(ECX)) return arithmetic(body);
  const [one, other] = pair(body);
  body.set(ECX, body.between(2, 30));
  body.reserving([ECX], () => {
    const top = body.here();
    body.risky(() => {
      for (let count = body.between(2, 4); count > 0; count--) {
        const width = body.pick([8, 16, 32, 32] as const);
        const opcode = body.pick([0x8a, 0x88, 0x00, 0x02, 0x30, 0x28, 0x10, 0x3a, 0x86]) | (width === 8 ? 0 : 1);
        const register = body.pick([0, 2, 3]);
        body.memory(width, [opcode], register, body.pick([one, other]) + (body.chance(20) ? 0x1000 : 0));
      }
    });
    body.op(32, 0x49);
    body.jump(jcc(5), { label: top });
  });
};

const reloadCr3 = [0x0f, 0x20, direct(3, EAX), 0x0f, 0x22, direct(3, EAX)];

/** Entries of the page tables, by hand, with or without telling the TLB. */
export const paging: Snippet = (body) => {
  const { environment } = body;
  if (!pagingOn(environment) || environment.level !== 0 || body.bits === 16) return service(body);
  body.risky(() => {
    const page = body.pick([0xd, 0xe, 0xf, 0x10, 0x11, 0x14, 0x16]);
    const index = page + (body.chance(60) ? 0x400 : 0);
    const target = body.chance(70) ? page : body.pick([0xd, 0xe, 0x10, 0x14, 0x15]);
    const rights = body.pick([0, 1, 3, 5, 7, 7, 7, 0x67, 0x107, 0x107, 0x105, 0x167]);
    const linear = index >= 0x400 ? environment.aliasBase + (page << 12) : page << 12;
    const access = (at: number): void =>
      body.memory(32, [body.pick([0x01, 0x03, 0x8b])], body.random.below(4), at | body.random.below(0xff8));
    if (body.chance(40)) access(linear);
    body.memory(32, [0xc7], 0, places.table + index * 4, d((target << 12) | rights));
    // What shares its entry drives the old one out.
    if (body.chance(25)) access(partnerOf(page << 12));
    const kind = body.random.below(6);
    if (kind < 2 && environment.model !== '80386') body.emit(0x0f, 0x01, ...body.absolute(7, body.offset(linear)));
    else if (kind < 4) body.emit(...reloadCr3);
    else if (kind === 4 && environment.model === 'pentiumM') body.emit(...togglePge);
    if (body.chance(60)) access(linear);
  });
};
/** MOV EAX, CR4; XOR AL, PGE; MOV CR4, EAX. */
const togglePge = [0x0f, 0x20, direct(4, EAX), 0x34, 0x80, 0x0f, 0x22, direct(4, EAX)];

/** Leaves out of a program whatever it does not need to show the same kind of difference. */
import type { Item } from './assemble.js';
import type { Program } from './program.js';

/** Most programs that are tried. */
const triesMost = 1500;

/** Leaves out runs of `list` for which `stillFails` holds; runs get shorter until they are single items. */
function leaveOut<T>(
  list: readonly T[],
  isFixed: (each: T) => boolean,
  stillFails: (rest: readonly T[]) => boolean,
): readonly T[] {
  let kept = list;
  for (let size = Math.max(1, kept.length >> 1); size >= 1; size = size === 1 ? 0 : size >> 1) {
    for (let from = 0; from < kept.length;) {
      const rest = kept.filter((each, index) => index < from || index >= from + size || isFixed(each));
      if (rest.length < kept.length && stillFails(rest)) kept = rest;
      else from += size;
    }
  }
  return kept;
}

export function minimise(program: Program, fails: (program: Program) => boolean): Program {
  let left = triesMost;
  const stillFails = (each: Program): boolean => left-- > 0 && fails(each);
  let least = program;
  const attempt = (change: Partial<Program>): boolean => {
    const next = { ...least, ...change };
    if (!stillFails(next)) return false;
    least = next;
    return true;
  };
  const isLabel = (item: Item): boolean => item.kind === 'label';
  attempt({ happenings: [] });
  leaveOut(program.items, isLabel, (items) => attempt({ items }));
  leaveOut(
    least.happenings,
    () => false,
    (happenings) => attempt({ happenings }),
  );
  leaveOut(least.items, isLabel, (items) => attempt({ items }));
  leaveOut(
    least.environment.pages,
    () => false,
    (pages) => attempt({ environment: { ...least.environment, pages } }),
  );
  attempt({ memory: [] });
  attempt({ registers: new Array<number>(8).fill(0) });
  return least;
}

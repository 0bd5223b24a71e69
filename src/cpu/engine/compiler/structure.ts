/**
 * From a graph of blocks to nested loops in an order in which everything but the way back to a loop's head goes forward, as WebAssembly
 * wants its control flow. A loop may have several heads.
 */

/** A block, or a loop over parts in order. */
export type Part =
  | { readonly kind: 'block'; readonly block: number }
  | { readonly kind: 'loop'; readonly heads: readonly number[]; readonly parts: readonly Part[] };

/** The blocks where a part can be entered. */
export const headsOf = (part: Part): readonly number[] => (part.kind === 'block' ? [part.block] : part.heads);

type Loop = Extract<Part, { readonly kind: 'loop' }>;
/** All loops in parts, outer ones first. */
export const loopsWithin = (parts: readonly Part[]): readonly Loop[] =>
  parts.flatMap((part) => (part.kind === 'block' ? [] : [part, ...loopsWithin(part.parts)]));
/** The heads of all loops. */
export const headsWithin = (parts: readonly Part[]): readonly number[] =>
  loopsWithin(parts).flatMap(({ heads }) => heads);

/** Nests blocks 0 to `successors.length - 1`; `entries` are entered from outside. Blocks that nothing leads to are left out. */
export function nest(successors: readonly (readonly number[])[], entries: readonly number[]): readonly Part[] {
  const all = new Set(reachable(successors, entries));
  return order(all, (block) => successors[block]!, new Set(entries));
}

function reachable(successors: readonly (readonly number[])[], entries: readonly number[]): readonly number[] {
  const seen = new Set(entries);
  for (const block of seen) for (const next of successors[block]!) seen.add(next);
  return [...seen];
}

type Edges = (block: number) => readonly number[];

/** Parts of some blocks in order; `entered` are those that something outside them leads to. */
function order(blocks: ReadonlySet<number>, edges: Edges, entered: ReadonlySet<number>): readonly Part[] {
  const inside: Edges = (block) => edges(block).filter((next) => blocks.has(next));
  return components(blocks, inside).map((component) => {
    const [first] = component as [number, ...number[]];
    if (component.length === 1 && !inside(first).includes(first)) return { kind: 'block', block: first };
    return loop(component, blocks, inside, entered);
  });
}

function loop(
  component: readonly number[],
  blocks: ReadonlySet<number>,
  edges: Edges,
  entered: ReadonlySet<number>,
): Part {
  const members = new Set(component);
  const heads = new Set(component.filter((block) => entered.has(block)));
  for (const block of blocks) {
    if (!members.has(block)) for (const next of edges(block)) if (members.has(next)) heads.add(next);
  }
  if (heads.size === 0) heads.add(component[0]!);
  const within: Edges = (block) => edges(block).filter((next) => members.has(next) && !heads.has(next));
  return { kind: 'loop', heads: [...heads], parts: order(members, within, heads) };
}

/** Strongly connected components, those first that lead to the others (Tarjan's algorithm, without recursion). */
function components(blocks: ReadonlySet<number>, edges: Edges): number[][] {
  const index = new Map<number, number>();
  const low = new Map<number, number>();
  const stack: number[] = [];
  const onStack = new Set<number>();
  const found: number[][] = [];
  for (const root of blocks) {
    if (index.has(root)) continue;
    const work: { block: number; next: readonly number[]; at: number }[] = [];
    const open = (block: number): void => {
      index.set(block, index.size);
      low.set(block, index.get(block)!);
      stack.push(block);
      onStack.add(block);
      work.push({ block, next: edges(block), at: 0 });
    };
    const lower = (block: number, value: number): void => void low.set(block, Math.min(low.get(block)!, value));
    open(root);
    while (work.length > 0) {
      const top = work.at(-1)!;
      const next = top.next[top.at++];
      if (next !== undefined) {
        if (!index.has(next)) open(next);
        else if (onStack.has(next)) lower(top.block, index.get(next)!);
        continue;
      }
      work.pop();
      if (work.length > 0) lower(work.at(-1)!.block, low.get(top.block)!);
      if (low.get(top.block) === index.get(top.block)) found.push(popComponent(stack, onStack, top.block));
    }
  }
  return found.reverse();
}
function popComponent(stack: number[], onStack: Set<number>, root: number): number[] {
  const component = stack.splice(stack.lastIndexOf(root));
  for (const block of component) onStack.delete(block);
  return component;
}

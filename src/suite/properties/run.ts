/** Runs steps on a chip or on its model, and writes down everything that can be seen from outside, with its time. */
import { assert } from '../../base/assert.js';
import type { AnyDevice, DeviceModel, Observer, PropertySubject, Step } from './subject.js';

/** How `advance` is cut: at the edges that the chip announces, or as fine as is affordable. */
export type Cutting = 'atEdges' | 'fine';

/** Advances up to this many ticks are cut tick by tick; longer ones by halves of the way to the announced edge. */
const tickByTickMax = 600;

/** What was seen. Times are the chip's own ticks since the first step. */
export class Log {
  readonly entries: string[] = [];
  now = 0;
  private readonly levels = new Map<string, boolean>();
  private muted = false;

  readonly observer: Observer = {
    line: (name) => (level) => {
      if ((this.levels.get(name) ?? false) === level) return; // A line that nobody has driven yet is low.
      this.levels.set(name, level);
      if (!this.muted) this.add(`${name} ${level ? 'rises' : 'falls'}`);
    },
    note: (text) => {
      if (!this.muted) this.add(text);
    },
  };

  add(text: string): void {
    this.entries.push(`${this.now}: ${text}`);
  }

  /** Nothing is written down while a chip is made: what is seen belongs to the steps. */
  silently<T>(action: () => T): T {
    this.muted = true;
    try {
      return action();
    } finally {
      this.muted = false;
    }
  }

  /** The levels as they stand, to be taken over with {@link restoreLevels}. */
  savedLevels(): ReadonlyMap<string, boolean> {
    return new Map(this.levels);
  }
  restoreLevels(levels: ReadonlyMap<string, boolean>): void {
    for (const [name, level] of levels) this.levels.set(name, level);
  }
}

/** Runs steps on a chip. */
export class DeviceRun {
  device: AnyDevice;

  constructor(
    private readonly subject: PropertySubject,
    readonly log: Log,
  ) {
    this.device = this.newDevice();
  }

  private newDevice(): AnyDevice {
    return this.log.silently(() => this.subject.create(this.log.observer));
  }

  /** Goes on with another chip that took over this one's saved state. */
  replaceDevice(): void {
    const saved = this.device.save();
    const levels = this.log.savedLevels();
    this.device = this.newDevice();
    this.log.silently(() => this.device.load(saved));
    this.log.restoreLevels(levels);
  }

  act(step: Step, cutting: Cutting): void {
    if (step.kind === 'advance') this.advance(step.ticks, cutting);
    else this.access(step);
  }

  private access(step: Exclude<Step, { kind: 'advance' }>): void {
    const { device, log } = this;
    if (step.kind === 'write') device.write(step.register, step.value);
    else if (step.kind === 'input') device.input(step.line, step.level);
    else if (step.kind === 'read') log.add(answered(step, device.read(step.register)));
    else log.add(answered(step, device.operations[step.name]!(...(step.arguments as never[]))));
  }

  private advance(ticks: number, cutting: Cutting): void {
    let left = ticks;
    while (left > 0) {
      const way = Math.min(left, this.device.nextEdge());
      assert(way >= 1 && Number.isSafeInteger(way), `nextEdge is a whole number of ticks, at least 1, not ${way}`);
      const fine = ticks <= tickByTickMax ? 1 : Math.ceil(way / 2);
      const cut = cutting === 'fine' ? fine : way;
      this.log.now += cut;
      this.device.advance(cut);
      left -= cut;
    }
  }
}

/** Runs steps on a model. */
export class ModelRun {
  private readonly model: DeviceModel;

  constructor(
    create: NonNullable<PropertySubject['model']>,
    readonly log: Log,
  ) {
    const elapse = (ticks: number): void => {
      log.now += ticks;
    };
    this.model = log.silently(() => create({ ...log.observer, elapse }));
  }

  act(step: Step): void {
    const { model, log } = this;
    const end = log.now + (step.kind === 'advance' ? step.ticks : 0);
    if (step.kind === 'write') model.write(step.register, step.value);
    else if (step.kind === 'input') model.input?.(step.line, step.level);
    else if (step.kind === 'advance') model.advance?.(step.ticks);
    else if (step.kind === 'read') log.add(answered(step, model.read(step.register)));
    else log.add(answered(step, model.operation?.(step.name, step.arguments)));
    if (model.advance === undefined) log.now = end;
    assert(log.now === end, `the model of a chip passes the ${end} ticks it is told, not ${log.now}`);
  }
}

function answered(
  step: { kind: 'read'; register: string } | { kind: 'operation'; name: string },
  value: unknown,
): string {
  const what = step.kind === 'read' ? `read ${step.register}` : step.name;
  return `${what} gives ${typeof value === 'number' ? `0x${value.toString(16).padStart(2, '0')}` : String(value)}`;
}

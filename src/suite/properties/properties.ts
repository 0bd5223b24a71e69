/** The properties themselves: each takes a chip and steps, and says what is wrong, if anything is. */
import { Log, DeviceRun, ModelRun } from './run.js';
import type { PropertySubject, Step } from './subject.js';

/** What is wrong after which step (counted from 0), in whole sentences. */
export interface Violation {
  readonly step: number;
  readonly property: string;
  readonly detail: string;
}

type Property = (subject: PropertySubject, steps: readonly Step[]) => Omit<Violation, 'property'> | undefined;

const sameBytes = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && left.every((byte, index) => byte === right[index]);

/** The first entry from `from` on in which two logs differ, in words. */
function difference(left: Log, right: Log, from: number, names: readonly [string, string]): string | undefined {
  const length = Math.max(left.entries.length, right.entries.length);
  for (let at = from; at < length; at++) {
    const [one, other] = [left.entries[at], right.entries[at]];
    if (one !== other) return `${names[0]}: ${one ?? 'nothing more'}\n${names[1]}: ${other ?? 'nothing more'}`;
  }
  return undefined;
}

/** Two runs of the same steps that must look the same. */
function compareRuns(
  steps: readonly Step[],
  logs: readonly [Log, Log],
  names: readonly [string, string],
  act: (step: Step) => string | undefined,
): ReturnType<Property> {
  let seen = 0;
  for (const [index, step] of steps.entries()) {
    const wrong = act(step) ?? difference(logs[0], logs[1], seen, names);
    if (wrong !== undefined) return { step: index, detail: wrong };
    seen = logs[0].entries.length;
  }
  return undefined;
}

const answersAsModel: Property = (subject, steps) => {
  if (!subject.model) return undefined;
  const chip = new DeviceRun(subject, new Log());
  const model = new ModelRun(subject.model, new Log());
  return compareRuns(steps, [model.log, chip.log], ['the datasheet', 'the chip'], (step) => {
    model.act(step);
    chip.act(step, 'atEdges');
    return undefined;
  });
};

const savesAndLoads: Property = (subject, steps) => {
  const plain = new DeviceRun(subject, new Log());
  const reloaded = new DeviceRun(subject, new Log());
  return compareRuns(steps, [plain.log, reloaded.log], ['going on', 'saved, loaded and going on'], (step) => {
    reloaded.replaceDevice();
    plain.act(step, 'atEdges');
    reloaded.act(step, 'atEdges');
    const differing = plain.device.diff(reloaded.device.save())[0];
    return differing && `state ${differing.path}: ${differing.left} going on, ${differing.right} saved and loaded`;
  });
};

const splitsTime: Property = (subject, steps) => {
  const whole = new DeviceRun(subject, new Log());
  const fine = new DeviceRun(subject, new Log());
  return compareRuns(steps, [whole.log, fine.log], ['waking at the next edge only', 'waking more often'], (step) => {
    whole.act(step, 'atEdges');
    fine.act(step, 'fine');
    const differing = whole.device.diff(fine.device.save())[0];
    return differing && `state ${differing.path}: ${differing.left} in whole steps, ${differing.right} in small ones`;
  });
};

const announcesEdges: Property = (subject, steps) => {
  const run = new DeviceRun(subject, new Log());
  for (const [index, step] of steps.entries()) {
    run.act(step, 'atEdges');
    const before = run.device.save();
    const seen = run.log.entries.length;
    const edge = run.device.nextEdge();
    if (!(edge >= 1) || (edge !== Infinity && !Number.isSafeInteger(edge))) {
      return {
        step: index,
        detail: `nextEdge gives ${edge}; it must be a whole number of ticks, at least 1, or Infinity`,
      };
    }
    if (!sameBytes(before, run.device.save()) || run.log.entries.length !== seen) {
      return { step: index, detail: 'nextEdge changed the state or a line' };
    }
  }
  return undefined;
};

/** Every property, by what it says; the datasheet first, because it explains a failure best. */
const properties: Readonly<Record<string, Property>> = {
  'the chip answers as its datasheet says': answersAsModel,
  'saving, loading and going on is going on': savesAndLoads,
  'splitting time changes nothing, and nextEdge is never late': splitsTime,
  'nextEdge is at least 1 and changes nothing': announcesEdges,
};

/** The first property that the steps violate; undefined when all hold. A chip that throws violates the one under test. */
export function firstViolation(subject: PropertySubject, steps: readonly Step[]): Violation | undefined {
  for (const [property, check] of Object.entries(properties)) {
    try {
      const violation = check(subject, steps);
      if (violation) return { property, ...violation };
    } catch (error) {
      const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      return { property, step: steps.length - 1, detail: `it threw ${detail}` };
    }
  }
  return undefined;
}

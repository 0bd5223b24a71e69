/**
 * A script of inputs for `record --script`: a JSON list of steps, done one after the other.
 *
 *   { "waitFor": { "screen": "A:\\>", "within": 20 } }     a pattern on the text screen, within guest seconds
 *   { "waitFor": { "serial": "/ready/i", "port": 0, "within": 5 } }
 *   { "waitFor": { "exit": 33, "within": 60 } }              the guest ends by its debug exit with this status; true: any
 *   { "type": "dir\n" }        { "press": "ctrl+alt+delete" }      { "wait": 0.5 }
 *   { "serial": "help\r\n" }   { "serial": { "port": 1, "text": "help\r\n" } }
 *   { "reset": true }          { "powerCut": true }                { "eject": "floppyA" }
 *   { "mouse": { "dx": 40, "dy": -3 } }                      moves by counts to the right and down; "step" counts at once
 *   { "mouse": { "click": "left" } }   also "press", "release" and "wheel": notches towards the user
 *   { "insert": { "drive": "floppyA", "sha256": "…", "size": 737280, "writable": true } }
 *   { "insert": { "drive": "floppyA", "image": "b.img" } }   a spare medium, by the name that `--spare` gave it
 *   { "plug": { "disk": { "drive": "virtio0", "image": "b.img" }, "slot": 6 } }   also "network" and "device"; "slot" may lack
 *   { "unplug": "virtio0" }                                  asks the guest to let go of a card
 *
 * Any step may also name a cycle, `"at": 5000000`, to be reached before it is done; alone it only waits. Patterns are
 * `/expression/flags` or plain text; serial text is sent as UTF-8 and matched a byte a character.
 */
import { UserError } from '../base/errors.js';
import { cycle } from '../base/integers.js';
import {
  choice,
  digest,
  integer,
  optionalRecord,
  record,
  recordWith,
  type Shape,
  ShapeError,
  text,
  yesNo,
} from '../trace/shape.js';
import { drives, type MediumDescription, pluggedDevices, pluggedDrives, slottedCards } from '../machine/machine.js';
import { chordEvents, textKeys } from './keys.js';
import { buttonBit, mouseSteps, wheelSteps } from './mouse.js';
import { type Operator } from './operator.js';
import { parsePattern } from './pattern.js';

/** A script ready to be done. */
export interface Script {
  /** Does every step; throws GuestStuck where the guest does not follow, GuestEnded where it ends itself. */
  perform(operator: Operator): void;
}

type Action = (operator: Operator) => void;

const textMax = 65536;
const drive = choice(...drives);
const port = integer(0, 3);

const seconds: Shape<number> = (value, path) => {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0 && value <= 1e6) return value;
  throw new ShapeError(`${path} is not a number of guest seconds from 0 to 1000000`);
};

const pressed: Shape<true> = (value, path) => {
  if (value === true) return value;
  throw new ShapeError(`${path} is not true`);
};

const status = integer(0, 2 ** 32 - 1);
const exitStatus: Shape<number | true> = (value, path) => (value === true ? value : status(value, path));

const awaited = optionalRecord({
  ...{ screen: text(textMax), serial: text(textMax), port, within: seconds },
  exit: exitStatus,
});
const counts = integer(-32767, 32767);
const moved = optionalRecord({
  ...{ dx: counts, dy: counts, step: integer(1, 255), wheel: integer(-255, 255) },
  ...{ press: text(16), release: text(16), click: text(16) },
});
/** Media that a script may put into drives, by the names that it has for them. */
export type SpareMedia = ReadonlyMap<string, Pick<MediumDescription, 'sha256' | 'size'>>;

/** A medium by its digest, or a spare one by its name. */
const mediumParts = { sha256: digest, size: integer(0, 2 ** 48), image: text(4096), writable: yesNo };
type MediumParts = { readonly [Name in keyof typeof mediumParts]?: ReturnType<(typeof mediumParts)[Name]> };

function mediumOf({ sha256, size, image, writable = true }: MediumParts, path: string, spares: SpareMedia) {
  if (image === undefined && sha256 !== undefined && size !== undefined) return { sha256, size, writable };
  const spare = image === undefined ? undefined : spares.get(image);
  if (spare !== undefined && sha256 === undefined && size === undefined) return { ...spare, writable };
  throw new ShapeError(`${path} names neither the image of a spare medium nor sha256 and size`);
}

const insertion = recordWith({ drive }, mediumParts);
const plugged = optionalRecord({
  disk: recordWith({ drive: choice(...pluggedDrives) }, mediumParts),
  network: choice('ne2000-pci', 'rtl8139', 'e1000', 'virtio-net'),
  device: choice(...pluggedDevices),
  slot: integer(2, 31),
});
const addressed = record({ port, text: text(textMax) });

/** Each operation: checks what the step says, as far as that is possible beforehand, and gives what to do. */
const operations: Readonly<Record<string, (value: unknown, path: string, spares: SpareMedia) => Action>> = {
  type(value, path) {
    const typed = text(textMax)(value, path);
    textKeys(typed);
    return (operator) => operator.type(typed);
  },
  press(value, path) {
    const chord = text(256)(value, path);
    chordEvents(chord);
    return (operator) => operator.press(chord);
  },
  serial(value, path) {
    const sent = typeof value === 'string' ? addressed({ port: 0, text: value }, path) : addressed(value, path);
    const data = new TextEncoder().encode(sent.text);
    return (operator) => operator.send(data, sent.port);
  },
  mouse(value, path) {
    const { dx = 0, dy = 0, step, press, release, click, wheel = 0 } = moved(value, path);
    // What is wrong is told before anything is done.
    mouseSteps(dx, dy, 0, step);
    wheelSteps(wheel, 0);
    for (const button of [press, release, click]) if (button !== undefined) buttonBit(button);
    return (operator) => {
      operator.moveMouse(dx, dy, step);
      for (const button of [press, click]) if (button !== undefined) operator.holdButton(button, true);
      for (const button of [release, click]) if (button !== undefined) operator.holdButton(button, false);
      operator.turnWheel(wheel);
    };
  },
  wait(value, path) {
    const length = seconds(value, path);
    return (operator) => operator.wait(length);
  },
  waitFor(value, path) {
    const { screen, serial, exit, port: from = 0, within } = awaited(value, path);
    const named = [screen, serial, exit].filter((each) => each !== undefined);
    if (named.length !== 1 || within === undefined) {
      throw new ShapeError(
        `${path} does not name one of screen, serial and exit, and a limit "within" in guest seconds`,
      );
    }
    const source = screen ?? serial;
    if (source === undefined) {
      const wanted = exit === true ? undefined : exit;
      return (operator) => operator.waitFor({ on: 'exit', status: wanted }, within);
    }
    const pattern = parsePattern(source, path);
    const where =
      screen === undefined ? ({ on: 'serial', port: from, pattern } as const) : ({ on: 'screen', pattern } as const);
    return (operator) => operator.waitFor(where, within);
  },
  reset(value, path) {
    pressed(value, path);
    return (operator) => operator.input({ kind: 'reset' });
  },
  powerCut(value, path) {
    pressed(value, path);
    return (operator) => operator.input({ kind: 'powerCut' });
  },
  eject(value, path) {
    const from = drive(value, path);
    return (operator) => operator.input({ kind: 'media', drive: from });
  },
  plug(value, path, spares) {
    const { disk, network, device, slot: wanted } = plugged(value, path);
    const where = wanted === undefined ? {} : { slot: wanted };
    const named = [disk, network, device].filter((each) => each !== undefined);
    if (named.length !== 1) throw new ShapeError(`${path} does not name one of disk, network and device`);
    if (device !== undefined) return (operator) => operator.input({ kind: 'plugDevice', device, ...where });
    if (network !== undefined)
      return (operator) => operator.input({ kind: 'plugNetworkCard', card: network, network: 'built-in', ...where });
    const { drive: into, ...parts } = disk!;
    const medium = mediumOf(parts, `${path}.disk`, spares);
    return (operator) => operator.input({ kind: 'plugDisk', drive: into, medium, ...where });
  },
  unplug(value, path) {
    const card = choice(...slottedCards, ...pluggedDrives)(value, path);
    return (operator) => operator.input({ kind: 'unplug', card });
  },
  insert(value, path, spares) {
    const { drive: into, ...parts } = insertion(value, path);
    const medium = mediumOf(parts, path, spares);
    return (operator) => operator.input({ kind: 'media', drive: into, medium });
  },
};

/** Reads a script from its JSON text; `file` is its name for errors. Throws UserError naming the step. */
export function parseScript(json: string, file?: string, spares: SpareMedia = new Map()): Script {
  const named = file === undefined ? {} : { file };
  const steps = decode(json, named);
  const actions = steps.map((step, at) => {
    const place = `step ${at + 1}`;
    try {
      return stepAction(step, spares);
    } catch (error) {
      if (!(error instanceof ShapeError || error instanceof UserError)) throw error;
      const nextStep = error instanceof UserError && error.nextStep !== undefined ? { nextStep: error.nextStep } : {};
      throw new UserError(`${error.message.split('\n')[0]?.replace(/\.$/, '')}.`, {
        ...named,
        place,
        ...nextStep,
        cause: error,
      });
    }
  });
  return { perform: (operator) => actions.forEach((action) => action(operator)) };
}

function decode(json: string, named: { readonly file?: string }): unknown[] {
  const nextStep = 'A script is a JSON list such as [{"wait": 1}, {"type": "dir\\n"}].';
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new UserError('This is not JSON.', { ...named, nextStep, cause });
  }
  if (Array.isArray(value)) return value as unknown[];
  throw new UserError('This is no list of steps.', { ...named, nextStep });
}

function stepAction(step: unknown, spares: SpareMedia): Action {
  if (typeof step !== 'object' || step === null || Array.isArray(step)) throw new ShapeError('it is not a table');
  const { at, ...rest } = step as Readonly<Record<string, unknown>>;
  const until = at === undefined ? undefined : cycle(integer(0, Number.MAX_SAFE_INTEGER)(at, 'at'));
  const [name, ...more] = Object.keys(rest);
  if (more.length > 0 || (name === undefined && until === undefined)) {
    throw new ShapeError(`it does not name exactly one of ${Object.keys(operations).join(', ')}`);
  }
  const operation = name === undefined || !Object.hasOwn(operations, name) ? undefined : operations[name];
  if (name !== undefined && operation === undefined) {
    throw new ShapeError(`${JSON.stringify(name)} is none of ${Object.keys(operations).join(', ')}`);
  }
  const action = name === undefined ? undefined : operation?.(rest[name], name, spares);
  return (operator) => {
    if (until !== undefined) operator.waitUntil(until);
    action?.(operator);
  };
}

/** `guestTest`: vitest's `test` with a guest. Every test gets its own machine, equal to every other's. */
import { test as vitestTest, type TestAPI } from 'vitest';
import { UserError } from '../base/errors.js';
import { logDigest } from '../host/digest-log.js';
import { guestsAreRequired } from '../host/environment.js';
import { findGuest, type GuestWanted } from '../host/guests.js';
import { describeMachine, keepMedium } from '../host/describe-machine.js';
import type { MachineRequest, MachineSettings, MediumRequest, ModuleRequest } from '../host/machine-request.js';
import { powerOnFrom } from '../host/power-on.js';
import { createMachine } from '../host/machines.js';
import { type BoardName, type Drive, drives, type PowerOn } from '../machine/machine.js';
import { keepEvidence, type RerunDifference, runAgain, writeTrace } from './evidence.js';
import { Session } from './session.js';
import type { Vm } from './vm.js';

/** An image that others own: known by its digest, looked for where `tsvm-test guests` says. */
export interface Guest extends GuestWanted {
  readonly kind: 'guest';
  /** Whether its tests may be skipped even where `--require-guests` asks for guests. */
  readonly optional?: boolean;
}

/**
 * Names a guest image. Tests that need it are skipped, visibly, where it is absent; `--require-guests` makes that a failure,
 * except for an `optional` one: a guest that not every computer can build or fetch.
 */
export function guest(name: string, options: { readonly sha256?: string; readonly optional?: boolean } = {}): Guest {
  return { kind: 'guest', name, ...options };
}

/** What goes into a drive: a path (relative to the project), a guest, or either with more said. */
export type Medium = string | Guest | (Omit<MediumRequest, 'image'> & { readonly image: string | Guest });

/** A file: a path (relative to the project) or a guest. */
export type GuestFile = string | Guest;

/** A guest and the machine it runs on. Whatever is not said has the default of `tsvm-test record`. */
export type GuestSettings = Omit<MachineSettings, 'board' | 'kernel' | 'initrd' | 'modules' | 'firmware' | 'served'> & {
  readonly [drive in Drive]?: Medium;
} & {
  /** The board. */
  readonly machine?: BoardName;
  /** The same as `floppyA`. */
  readonly floppy?: Medium;
  /** The same as `disk0`. */
  readonly disk?: Medium;
  /** The same as `cdrom0`. */
  readonly cdrom?: Medium;
  readonly kernel?: GuestFile;
  readonly initrd?: GuestFile;
  readonly modules?: readonly (GuestFile | { readonly image: GuestFile; readonly commandLine?: string })[];
  readonly firmware?: { readonly bios?: GuestFile; readonly video?: GuestFile; readonly network?: GuestFile };
  /** A folder, or files and folders by the path under which the built-in network's servers offer them. */
  readonly served?: string | Readonly<Record<string, GuestFile>>;
  /** Date at power-on, ISO 8601 or Unix seconds. Default 2024-01-01T00:00:00Z. */
  readonly date?: string;
  /** Default 1. */
  readonly seed?: number;
  /** Done once a file; every test goes on from the moment it ends. */
  readonly start?: (vm: Vm) => Promise<void>;
};

/** What a test of a guest is given. */
export interface GuestFixtures {
  /** The guest, powered on, or where `start` left it. */
  readonly vm: Vm;
  /** Records what happened to the guest since power-on into a trace file that replays it. */
  readonly writeTrace: (path: string) => void;
  /**
   * Runs all inputs again, from power-on on a new machine, to where the guest is now. Null when the states are equal;
   * otherwise the parts that differ.
   */
  readonly rerun: () => RerunDifference | null;
}

const dateDefault = '2024-01-01T00:00:00Z';
const seedDefault = 1;

/** An absent guest, found out when a test needs it. */
class GuestAbsent extends Error {
  constructor(
    reason: string,
    readonly optional: boolean,
  ) {
    super(reason);
  }
}

/** A `test` function whose tests get a guest. */
export function guestTest(settings: GuestSettings): TestAPI<GuestFixtures> {
  const session = lazily(() => {
    const [described, powerOn] = describe(settings);
    const mediumOf = (medium: Medium) => keepMedium(described.images, 'virtio0', requestOf(medium));
    return new Session(described, powerOn, createMachine, settings.start, mediumOf);
  });
  return vitestTest.extend<GuestFixtures>({
    vm: async ({ task, skip, onTestFailed }, use) => {
      let vm: Vm | undefined;
      onTestFailed(() => {
        if (vm !== undefined) keepEvidence(session(), vm, task.file.filepath, task.fullTestName);
      });
      try {
        await startOrSkip(() => session().start((started) => (vm = started)), skip);
        await use(vm!);
        logDigest(task.fullTestName, () => ({ cycle: vm!.cycle, digest: vm!.machineDigest().sha256 }));
      } finally {
        vm?.close();
      }
    },
    writeTrace: ({ vm, task }, use) => use((path) => writeTrace(session(), vm, path, task.fullTestName)),
    rerun: ({ vm }, use) => use(() => runAgain(session(), vm)),
  });
}

async function startOrSkip(start: () => Promise<void>, skip: (note?: string) => never): Promise<void> {
  try {
    await start();
  } catch (error) {
    if (!(error instanceof GuestAbsent)) throw error;
    if (guestsAreRequired() && !error.optional)
      throw new UserError(error.message, { nextStep: 'See: npx tsvm-test guests' });
    skip(error.message);
  }
}

function lazily<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}

function describe(settings: GuestSettings): [ReturnType<typeof describeMachine>, PowerOn] {
  const { machine, floppy, disk, cdrom, kernel, initrd, modules, firmware, served, ...rest } = settings;
  const { date = dateDefault, seed = seedDefault, ...plain } = rest;
  const media = {
    ...plain,
    floppyA: plain.floppyA ?? floppy,
    disk0: plain.disk0 ?? disk,
    cdrom0: plain.cdrom0 ?? cdrom,
  };
  const request = Object.fromEntries(
    [
      ...Object.entries(plain).filter(([name]) => !isDrive(name) && name !== 'start'),
      ['board', machine],
      ...drives.map((drive) => [drive, media[drive] && requestOf(media[drive])]),
      ['kernel', kernel && fileOf(kernel)],
      ['initrd', initrd && fileOf(initrd)],
      ['modules', modules?.map(moduleOf)],
      ['firmware', firmware && filesOf(firmware)],
      ['served', typeof served === 'object' ? filesOf(served) : served],
    ].filter(([, value]) => value !== undefined),
  ) as MachineRequest;
  return [describeMachine(request), powerOnFrom({ date, seed })];
}

const isDrive = (name: string): boolean => drives.some((drive) => drive === name);
const fileOf = (file: GuestFile): string => (typeof file === 'string' ? file : pathOf(file));
const filesOf = (files: Readonly<Record<string, GuestFile>>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([name, file]) => [name, fileOf(file)]));

function moduleOf(module: NonNullable<GuestSettings['modules']>[number]): ModuleRequest {
  if (typeof module === 'string' || 'kind' in module) return fileOf(module);
  return { ...module, image: fileOf(module.image) };
}

function requestOf(medium: Medium): MediumRequest {
  if (typeof medium === 'string') return { image: medium };
  if ('kind' in medium) return { image: pathOf(medium) };
  return { ...medium, image: typeof medium.image === 'string' ? medium.image : pathOf(medium.image) };
}

function pathOf(wanted: Guest): string {
  const search = findGuest(wanted);
  if (search.found) return search.path;
  throw new GuestAbsent(search.reason, wanted.optional === true);
}

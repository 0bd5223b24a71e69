/**
 * One guest in a suite: a machine, what it has shown and sent so far, and every input it was given. Whatever a suite
 * does here is a pure function of its own calls: the host's speed decides nothing.
 */
import { assert } from '../base/assert.js';
import { type Cycle, cycle } from '../base/integers.js';
import { breathe, stopwatch, wallSecondsMax } from '../host/environment.js';
import { cardsOf } from '../machine/description.js';
import type {
  InputEvent,
  Machine,
  MachineDigest,
  MachineSnapshot,
  MediumDescription,
  SlottedCard,
  StopReason,
  UnpluggedDevice,
} from '../machine/machine.js';
import { chordEvents, textKeys } from '../replay/keys.js';
import { stopsForGood } from '../replay/run.js';
import type { Condition, Observed } from './conditions.js';
import { GuestLimitError, InfrastructureError } from './errors.js';
import { VmMouse } from './mouse.js';
import { DigestView, KeyboardView, PostView, ScreenView, SerialView, SpeakerView, TextView } from './observed.js';
import type { Medium } from './guest-test.js';
import { inputOf, noMedia, type Plugged, type PluggedCard, pluggedBy } from './hot-plug.js';
import { Outputs } from './outputs.js';
import { OutsideNetwork } from './outside.js';
import { type GuestTime, guestSeconds } from './time.js';

/** An input and the cycle at which it reached the machine. */
export interface InputAt {
  readonly at: Cycle;
  readonly event: InputEvent;
}

/** How long to wait for a condition, and how often to look. */
export interface Patience {
  /** The limit, in guest time. */
  readonly within: GuestTime;
  /** Default: a hundredth of a guest second. */
  readonly every?: GuestTime;
}

/** A moment of a {@link Vm} from which others go on: the machine, and what had happened until then. */
export interface VmMoment {
  readonly machine: MachineSnapshot;
  readonly inputs: readonly InputAt[];
  readonly sent: Outputs;
}

/** Longest stretch of guest time between two looks at the host's signals. */
const sliceLongest = guestSeconds(0.1);
const keyHeld = guestSeconds(0.02);
const keyPause = guestSeconds(0.02);

const exitStatusOf = (stop: StopReason | undefined): number | undefined =>
  stop?.kind === 'exited' ? stop.status : undefined;

function detailOf(stop: StopReason): string | undefined {
  if (stop.kind === 'exited') return `Its status was ${stop.status}.`;
  return stop.kind === 'shutdown' ? stop.detail : undefined;
}

export class Vm {
  readonly screen: ScreenView;
  readonly serial: SerialView;
  /** What was printed on the parallel port, where the machine has one. */
  readonly printer: TextView;
  /** What was written to the virtio console, where the machine has one. */
  readonly console: TextView;
  /** What was written to the debug console, where the machine has one. */
  readonly debugConsole: TextView;
  /** What was shown on the POST card, where the machine has one. */
  readonly postCard: PostView;
  readonly speaker: SpeakerView;
  /** The keyboard's LEDs; {@link type} and {@link press} are its keys. */
  readonly keyboard: KeyboardView;
  /** The mouse, where the machine has one. */
  readonly mouse: VmMouse;
  private readonly given: InputAt[] = [];
  private readonly sent: Outputs;
  private readonly observed: Observed;
  private readonly elapsedSeconds = stopwatch();
  private stopped: StopReason | undefined;
  private readonly outside: OutsideNetwork | undefined;

  /** `from` continues another guest of the same description; the machine is a new one. */
  constructor(
    private readonly machine: Machine,
    from?: VmMoment,
    /** Has a medium at hand that is plugged in. */
    private readonly mediumOf: (medium: Medium) => MediumDescription = noMedia,
  ) {
    if (from !== undefined) {
      machine.load(from.machine);
      this.given.push(...from.inputs);
    }
    this.sent = new Outputs(from?.sent);
    this.sent.hear(machine);
    this.outside = OutsideNetwork.of(machine, (event) => this.input(event));
    this.screen = new ScreenView(() => machine.screen());
    this.serial = new SerialView(this.sent.serial);
    this.printer = new TextView(this.sent.printed, '.printed.txt');
    this.console = new TextView(this.sent.console, '.console.txt');
    this.debugConsole = new TextView(this.sent.debugConsole, '.debug.txt');
    this.postCard = new PostView(this.sent.postCodes);
    this.speaker = new SpeakerView(this.sent.tones);
    this.keyboard = new KeyboardView(() => machine.keyboardLights());
    this.mouse = new VmMouse(
      (event) => this.input(event),
      (time) => this.wait(time),
    );
    const stopped = (): StopReason | undefined => this.stopped;
    this.observed = {
      get ended() {
        return stopped()?.kind;
      },
      get exitStatus() {
        return exitStatusOf(stopped());
      },
      screen: this.screen,
      serial: this.serial,
      printer: this.printer,
      console: this.console,
      debugConsole: this.debugConsole,
      postCard: this.postCard,
      speaker: this.speaker,
      keyboard: this.keyboard,
      get processor() {
        return machine.processor();
      },
      readMemory: (physical, length) => machine.readMemory(physical, length),
    };
  }

  /** The current cycle. */
  get cycle(): Cycle {
    return this.machine.cycle;
  }

  /** The exit status of a guest that has ended by its debug exit: twice the written value, plus one. */
  get exitStatus(): number | undefined {
    return exitStatusOf(this.stopped);
  }

  /** Every input since power-on, in order, and how far the run has come. */
  get history(): { readonly inputs: readonly InputAt[]; readonly until: Cycle } {
    return { inputs: this.given, until: this.cycle };
  }

  /** Runs until the condition holds; at once if it holds now. Throws {@link GuestLimitError} when it never does. */
  async runUntil(condition: Condition, patience: Patience): Promise<void> {
    const rate = this.machine.description.cyclesPerSecond;
    const end = this.cycle + patience.within.cycles(rate);
    const step = this.sliceAtMost((patience.every ?? guestSeconds(0.01)).cycles(rate));
    this.machine.breakpoints = new Set(condition.executes === undefined ? [] : [condition.executes]);
    try {
      while (!condition.holds(this.observed)) {
        if (this.cycle >= end) throw this.gaveUp('limit', condition, `The limit was ${patience.within.description}.`);
        const stop = this.run(Math.min(end, this.cycle + step));
        if (stop.kind === 'cycle' || stop.kind === 'breakpoint') await this.checkHost();
        else if (!condition.holds(this.observed)) throw this.gaveUpFor(stop, condition);
      }
    } finally {
      this.machine.breakpoints = new Set();
    }
  }

  private run(until: number): StopReason {
    const stop = this.machine.run(cycle(until));
    this.stopped = stop;
    return stop;
  }

  /** Lets guest time pass. Stops early only when the guest has ended for good; a halted one just waits. */
  async wait(time: GuestTime): Promise<void> {
    const rate = this.machine.description.cyclesPerSecond;
    const end = this.cycle + time.cycles(rate);
    const slice = this.sliceAtMost(sliceLongest.cycles(rate));
    while (this.cycle < end) {
      const before = this.cycle;
      const stop = this.run(Math.min(end, this.cycle + slice));
      await this.checkHost();
      if (stopsForGood(stop)) return;
      assert(this.cycle > before, 'a machine asked to run runs');
    }
  }

  /** Types a text on the keyboard of a US layout, a key at a time; `\n` is Enter. */
  async type(text: string): Promise<void> {
    for (const key of textKeys(text)) await this.strike(key);
  }

  /** Presses keys together and lets them go: `enter`, `f1`, `ctrl+alt+delete`. */
  async press(...chords: readonly string[]): Promise<void> {
    for (const chord of chords) await this.strike(chord);
  }

  /** Sends bytes or text to a serial port's receive line. Port 0 to 3. */
  send(data: string | Uint8Array, port = 0): void {
    this.input({ kind: 'serial', port, data: typeof data === 'string' ? new TextEncoder().encode(data) : data });
  }

  /** Types bytes or text at the virtio console. */
  sendToConsole(data: string | Uint8Array): void {
    this.input({ kind: 'console', data: typeof data === 'string' ? new TextEncoder().encode(data) : data });
  }

  /** Sends bytes or text to a further port of the virtio console, 1 to 7. */
  sendToConsolePort(port: number, data: string | Uint8Array): void {
    this.input({ kind: 'consolePort', port, data: typeof data === 'string' ? new TextEncoder().encode(data) : data });
  }

  /** What was written to a further port of the virtio console. */
  consolePort(port: number): TextView {
    return new TextView(this.sent.consolePorts[port] ?? [], `.port${port}.txt`);
  }

  /** Presses the reset button. */
  reset(): void {
    this.input({ kind: 'reset' });
  }

  /**
   * Plugs a card into the running machine, which needs the device `pci-hot-plug`: a virtio disk with a medium in it, a network card,
   * or another device. Gives the card's name and its slot.
   */
  plug(card: PluggedCard): Plugged {
    const before = new Set(cardsOf(this.machine.description));
    const event = inputOf(card, before, this.mediumOf);
    this.input(event);
    return pluggedBy(event, before, this.machine.description);
  }

  /** Asks the guest to let go of a card: it is gone when {@link cards} no longer names it. A SCSI disk is gone at once. */
  unplug(card: UnpluggedDevice): void {
    this.input({ kind: 'unplug', card });
  }

  /** Gives the virtio console another port, and returns its number: 1 to 7. The machine needs `pci-hot-plug` and `consolePorts`. */
  plugConsolePort(name: string): number {
    const { absentPorts = [] } = this.machine.description;
    this.input({ kind: 'plugConsolePort', name });
    return absentPorts[0] ?? this.machine.description.consolePorts!.length;
  }

  /** Takes a further port of the virtio console away. */
  unplugConsolePort(port: number): void {
    this.input({ kind: 'unplugConsolePort', port });
  }

  /** The PCI cards that may be unplugged, as they are now. */
  get cards(): readonly SlottedCard[] {
    return cardsOf(this.machine.description);
  }

  /** Gives the machine any input, at the current cycle. */
  input(event: InputEvent): void {
    this.machine.input(event);
    this.given.push({ at: this.cycle, event });
  }

  /** The digest of the whole machine, now. */
  digest(): DigestView {
    return new DigestView(this.machineDigest());
  }

  /** The digest with each part's own. */
  machineDigest(): MachineDigest {
    return this.machine.digest();
  }

  /** This moment, for others to go on from. */
  moment(): VmMoment {
    return { machine: this.machine.save(), inputs: [...this.given], sent: new Outputs(this.sent) };
  }

  /** Physical memory, without side effects. */
  readMemory(physical: number, length: number): Uint8Array {
    return this.machine.readMemory(physical, length);
  }

  private async strike(chord: string): Promise<void> {
    const { presses, releases } = chordEvents(chord);
    for (const event of presses) this.input(event);
    await this.wait(keyHeld);
    for (const event of releases) this.input(event);
    await this.wait(keyPause);
  }

  private async checkHost(): Promise<void> {
    if (this.elapsedSeconds() > wallSecondsMax()) throw new InfrastructureError(wallSecondsMax(), this.cycle);
    await breathe();
    await this.outside?.settle();
  }

  private sliceAtMost(cycles: number): number {
    return Math.max(1, Math.min(cycles, this.outside?.sliceCycles ?? cycles));
  }

  /** Pulls the cables of live network cards; nothing else needs an end. */
  close(): void {
    this.outside?.close();
  }

  private gaveUpFor(stop: StopReason, condition: Condition): GuestLimitError {
    assert(stop.kind !== 'cycle' && stop.kind !== 'breakpoint', 'a machine that goes on has not ended');
    return this.gaveUp(stop.kind, condition, detailOf(stop));
  }

  private gaveUp(
    verdict: GuestLimitError['verdict'],
    condition: Condition,
    detail: string | undefined,
  ): GuestLimitError {
    return new GuestLimitError(verdict, this.cycle, {
      waitedFor: condition.description,
      screen: this.screen.text(),
      ...(detail === undefined ? {} : { detail }),
    });
  }
}

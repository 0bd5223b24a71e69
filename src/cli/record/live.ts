/**
 * A recording from the terminal: what is typed becomes keys or serial input at the cycle that the machine has reached, and
 * the guest's time keeps step with the wall clock. The wall clock decides only when input arrives, and that is recorded.
 */
import { type Cycle, cycle } from '../../base/integers.js';
import { breathe, sleep, stopwatch } from '../../host/environment.js';
import type { InterruptWatch } from '../../host/interrupts.js';
import { type LiveNetwork, plugLiveNetwork } from '../../host/live-network/live-network.js';
import type { StopReason } from '../../machine/machine.js';
import { chordEvents } from '../../replay/keys.js';
import { createAnsiScreen } from './ansi-screen.js';
import { stopsForGood } from '../../replay/run.js';
import type { Ending, Recording } from './recording.js';
import { endCharacter, terminalInput } from './terminal-keys.js';

/** Where a live recording gets its input and shows itself. */
export interface LiveConsole {
  /** `screen`: the text screen and the keyboard; `serial`: serial port 0 both ways; `debug`: the debug console and the keyboard. */
  readonly mode: 'screen' | 'serial' | 'debug';
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  /** Ends the recording after so much guest time, in seconds. */
  readonly seconds?: number | undefined;
  /** Does not wait for the wall clock; then nobody wakes a processor that halts for ever, and the recording ends there. */
  readonly unpaced?: boolean | undefined;
}

const slicesPerSecond = 50;
const networkLooksPerSecond = 1000;
const drawsPerSecond = 25;
/** Slices for which a key is held, and for which the hand rests. */
const keySlices = 2;

/** Records until the user ends it, the time is over, or the machine stops for good; tells why. */
export async function recordLive(
  { recorder, sent, written }: Recording,
  console: LiveConsole,
  interrupts: InterruptWatch,
): Promise<Ending> {
  const { machine } = recorder;
  const rate = machine.description.cyclesPerSecond;
  const hasExit = machine.description.testing?.debugExit !== undefined;
  const end = console.seconds === undefined ? Infinity : Math.round(console.seconds * rate);
  const typed = listen(console.input);
  const hand = createHand(recorder.input);
  const show = createDisplay(console, () => machine.screen(), { sent, written });
  const network = plugLiveNetwork(recorder);
  const elapsed = stopwatch();
  let ending = false;
  try {
    for (;;) {
      if (interrupts.exitCode !== undefined) return { kind: 'interrupted' };
      const read = typed.take();
      if (console.mode !== 'serial') {
        const { chords, ends } = terminalInput(read);
        hand.add(chords);
        ending ||= ends;
      } else if (read !== '') {
        const [text] = read.split(endCharacter);
        if (text !== '') recorder.input({ kind: 'serial', port: 0, data: new TextEncoder().encode(text) });
        ending = read.includes(endCharacter);
      }
      hand.move();
      if (machine.cycle >= end) return { kind: hasExit ? 'limit' : 'finished' };
      if (ending && hand.atRest()) return { kind: 'finished' };
      const sliceEnd = cycle(Math.min(end, machine.cycle + Math.ceil(rate / slicesPerSecond)));
      const stop = runSlice(recorder, network, sliceEnd);
      show();
      if (stopsForGood(stop)) return stop;
      // Who has a debug exit and halts for ever instead has not come to its end.
      if (stop.kind === 'halted' && console.unpaced === true) return { kind: hasExit ? 'limit' : 'halted' };
      const ahead = machine.cycle / rate - elapsed();
      if (ahead > 0 && console.unpaced !== true) {
        recorder.flush();
        await sleep(ahead);
      } else await breathe();
    }
  } finally {
    typed.close();
    network?.close();
    show(true);
  }
}

/** Runs to `end`; a live network is looked at more often than the terminal, so that a guest need not wait for it long. */
function runSlice(recorder: Recording['recorder'], network: LiveNetwork | undefined, end: Cycle): StopReason {
  const { machine } = recorder;
  if (network === undefined) return recorder.run(end);
  const step = Math.ceil(machine.description.cyclesPerSecond / networkLooksPerSecond);
  for (;;) {
    network.deliver();
    const stop = recorder.run(cycle(Math.min(end, machine.cycle + step)));
    if (stop.kind !== 'cycle' || machine.cycle >= end) return stop;
  }
}

/** What was read from the terminal since it was last taken. */
function listen(input: NodeJS.ReadStream): { take(): string; close(): void } {
  let read = '';
  const decoder = new TextDecoder();
  const onData = (data: Buffer): void => void (read += decoder.decode(data, { stream: true }));
  if (input.isTTY) input.setRawMode(true);
  input.on('data', onData);
  return {
    take() {
      const taken = read;
      read = '';
      return taken;
    },
    close() {
      input.off('data', onData);
      if (input.isTTY) input.setRawMode(false);
      input.pause();
    },
  };
}

/** Strikes chords one after another, each held for some slices: a guest that polls must be able to see every key. */
function createHand(give: (event: ReturnType<typeof chordEvents>['presses'][number]) => void) {
  const waiting: string[] = [];
  let held: string | undefined;
  let slices = 0;
  return {
    add: (chords: readonly string[]) => void waiting.push(...chords),
    atRest: () => held === undefined && waiting.length === 0,
    move() {
      if (slices-- > 0) return;
      if (held !== undefined) {
        for (const event of chordEvents(held).releases) give(event);
        held = undefined;
      } else {
        held = waiting.shift();
        if (held === undefined) return void (slices = 0);
        for (const event of chordEvents(held).presses) give(event);
      }
      slices = keySlices - 1;
    },
  };
}

/** Shows the guest, at most so often a second; called with true, it shows the last state and gives the terminal back. */
function createDisplay(
  { mode, output }: LiveConsole,
  look: () => Parameters<ReturnType<typeof createAnsiScreen>['draw']>[0],
  { sent, written }: Pick<Recording, 'sent' | 'written'>,
): (last?: boolean) => void {
  let shownBytes = 0;
  let shownAt = -Infinity;
  const elapsed = stopwatch();
  const screen = createAnsiScreen();
  return (last = false) => {
    if (mode === 'serial') {
      const fresh = sent.slice(shownBytes).filter(({ port }) => port === 0);
      shownBytes = sent.length;
      if (fresh.length > 0) output.write(Uint8Array.from(fresh, ({ byte }) => byte));
      return;
    }
    if (mode === 'debug') {
      if (written.length > shownBytes) output.write(Uint8Array.from(written.slice(shownBytes)));
      shownBytes = written.length;
      return;
    }
    if (!output.isTTY || (!last && elapsed() - shownAt < 1 / drawsPerSecond)) return;
    shownAt = elapsed();
    output.write(screen.draw(look()) + (last ? screen.close() : ''));
  };
}

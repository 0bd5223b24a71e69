/** What a suite looks at and compares with goldens: a screen, a keyboard's LEDs, what was sent, printed, shown and sounded, a state digest. */
import { hex } from '../base/integers.js';
import type { Frame } from '../screen/frame.js';
import { screenText } from '../screen/text.js';
import type { KeyboardLights, MachineDigest, SerialOutput } from '../machine/machine.js';
import type { Tone } from './outputs.js';

/** The guest's screen; every look shows it as it is then. */
export class ScreenView {
  constructor(private readonly look: () => Frame) {}

  /** The screen as pixels and, in text modes, as cells. */
  frame(): Frame {
    return this.look();
  }

  /** The text screen, one line a row, trailing spaces removed; the empty string in a graphics mode. */
  text(): string {
    return screenText(this.look());
  }
}

/** The keyboard, as somebody in front of it sees it. */
export class KeyboardView {
  constructor(private readonly look: () => KeyboardLights) {}

  /** Which of its LEDs are lit now. */
  leds(): KeyboardLights {
    return this.look();
  }
}

/** What the guest has sent on its serial ports so far. */
export class SerialView {
  constructor(private readonly sent: readonly SerialOutput[]) {}

  /** The bytes of one port. */
  bytes(port = 0): Uint8Array {
    return Uint8Array.from(this.sent.filter((output) => output.port === port).map(({ byte }) => byte));
  }

  /** The bytes of one port as text: UTF-8, or U+FFFD where they are not. */
  text(port = 0): string {
    return new TextDecoder().decode(this.bytes(port));
  }

  /** Ports that sent anything, in order. */
  ports(): number[] {
    return [...new Set(this.sent.map(({ port }) => port))].sort();
  }
}

/** What the guest has printed on its parallel port, or written to its virtio console or its debug console, so far. */
export class TextView {
  /** `ending` is that of its golden file. */
  constructor(
    private readonly written: readonly number[],
    readonly ending: string,
  ) {}

  bytes(): Uint8Array {
    return Uint8Array.from(this.written);
  }

  /** The bytes as text: UTF-8, or U+FFFD where they are not. */
  text(): string {
    return new TextDecoder().decode(this.bytes());
  }
}

/** The codes that the guest has given its POST card so far. */
export class PostView {
  constructor(private readonly shown: readonly number[]) {}

  codes(): readonly number[] {
    return [...this.shown];
  }

  /** The code that the card shows now; undefined before there was one. */
  last(): number | undefined {
    return this.shown.at(-1);
  }

  /** Two digits a line. */
  text(): string {
    return this.shown.map((code) => `${hex(code, 2)}\n`).join('');
  }
}

/** What the guest has let its speaker say so far. */
export class SpeakerView {
  constructor(private readonly said: readonly Tone[]) {}

  /** Every change of the tone: when it began, and its frequency in hertz; undefined for silence. */
  tones(): readonly Tone[] {
    return [...this.said];
  }

  /** The frequency that sounds now, in hertz; undefined for silence. */
  hertz(): number | undefined {
    return this.said.at(-1)?.hertz;
  }

  /** One line a change: the cycle, and the frequency to a thousandth of a hertz. */
  text(): string {
    const shown = (hertz: number | undefined): string => (hertz === undefined ? 'silence' : `${hertz.toFixed(3)} Hz`);
    return this.said.map(({ cycle, hertz }) => `${cycle} ${shown(hertz)}\n`).join('');
  }
}

/** The digest of a whole machine at one cycle. */
export class DigestView {
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  readonly parts: Readonly<Record<string, string>>;

  constructor(digest: MachineDigest) {
    this.sha256 = digest.sha256;
    this.parts = digest.parts;
  }

  toString(): string {
    return this.sha256;
  }
}

/** The mouse of a guest in a suite. Needs `mouse: 'ps2'` in the machine. */
import type { InputEvent } from '../machine/machine.js';
import { buttonBit, type MouseButton, mouseSteps, mouseTimes, wheelSteps } from '../replay/mouse.js';
import { type GuestTime, guestSeconds } from './time.js';

/** How a movement is made. */
export interface MouseMovement {
  /** Counts of one step, 1 to 255. Default: 8, which most guests follow without speeding the pointer up. */
  readonly step?: number;
}

/** Counts that carry a pointer beyond any edge. */
const beyondAnyEdge = 4000;
const homingStep = 127;

export class VmMouse {
  private buttons = 0;

  constructor(
    private readonly input: (event: InputEvent) => void,
    private readonly wait: (time: GuestTime) => Promise<void>,
  ) {}

  /** Moves by counts to the right and down, in steps with guest time between them. Held buttons stay held. */
  async moveBy(dx: number, dy: number, { step }: MouseMovement = {}): Promise<void> {
    await this.give(mouseSteps(dx, dy, this.buttons, step));
  }
  /**
   * Moves the pointer into the top left corner, wherever it was: a mouse knows no positions, so whoever wants one goes home
   * first and counts from there.
   */
  async home(): Promise<void> {
    await this.moveBy(-beyondAnyEdge, -beyondAnyEdge, { step: homingStep });
  }
  /** Presses a button and holds it. */
  async press(button: MouseButton = 'left'): Promise<void> {
    await this.hold(this.buttons | buttonBit(button));
  }
  /** Lets a button go. */
  async release(button: MouseButton = 'left'): Promise<void> {
    await this.hold(this.buttons & ~buttonBit(button));
  }
  async click(button: MouseButton = 'left'): Promise<void> {
    await this.press(button);
    await this.release(button);
  }
  async doubleClick(button: MouseButton = 'left'): Promise<void> {
    await this.click(button);
    await this.click(button);
  }
  /** Turns the wheel by notches, towards the user where positive. */
  async wheel(notches: number): Promise<void> {
    await this.give(wheelSteps(notches, this.buttons));
  }

  private async hold(buttons: number): Promise<void> {
    this.buttons = buttons;
    this.input({ kind: 'mouse', dx: 0, dy: 0, wheel: 0, buttons });
    await this.wait(guestSeconds(mouseTimes.click));
  }
  private async give(events: readonly InputEvent[]): Promise<void> {
    for (const event of events) {
      this.input(event);
      await this.wait(guestSeconds(mouseTimes.step));
    }
  }
}

/** What a hand does with a mouse, as inputs: movements in steps that a guest can follow, and buttons by name. */
import { UserError } from '../base/errors.js';
import type { InputEvent } from '../machine/machine.js';

type MouseEvent = Extract<InputEvent, { readonly kind: 'mouse' }>;

/** Buttons by name, as {@link MouseEvent} counts them. */
export const mouseButtons = { left: 1, right: 2, middle: 4, back: 8, forward: 16 } as const;
export type MouseButton = keyof typeof mouseButtons;

/** Guest seconds between two steps, and how long a click holds its button: longer than a mouse's sample period. */
export const mouseTimes = { step: 0.02, click: 0.05 } as const;

/** Counts of one step. Guests speed up faster movements, so that a pointer would go further than it was sent. */
export const mouseStepDefault = 8;
const stepMost = 255;
/** Most counts that one movement may have: more than any screen is wide, even for a pointer that is slowed down. */
const movementMost = 32767;

/** The bit of a button. Throws UserError for an unknown name. */
export function buttonBit(name: string): number {
  const bit = Object.hasOwn(mouseButtons, name) ? mouseButtons[name as MouseButton] : undefined;
  if (bit !== undefined) return bit;
  throw new UserError(`There is no mouse button ${JSON.stringify(name)}.`, {
    nextStep: `Known are ${Object.keys(mouseButtons).join(', ')}.`,
  });
}

/**
 * Steps of a movement by `dx` counts to the right and `dy` down, as on a screen, while `buttons` are held. Throws UserError
 * for what is no movement.
 */
export function mouseSteps(dx: number, dy: number, buttons: number, step = mouseStepDefault): MouseEvent[] {
  if (![dx, dy].every((each) => Number.isInteger(each) && Math.abs(each) <= movementMost)) {
    throw new UserError(`${dx}, ${dy} is no movement of a mouse.`, {
      nextStep: `Give whole counts from -${movementMost} to ${movementMost}.`,
    });
  }
  if (!Number.isInteger(step) || step < 1 || step > stepMost) {
    throw new UserError(`${step} is no step of a mouse.`, { nextStep: `Give whole counts from 1 to ${stepMost}.` });
  }
  const count = Math.ceil(Math.max(Math.abs(dx), Math.abs(dy)) / step);
  // Each step goes to the nearest count on the straight line, so that the whole is exact.
  const along = (total: number, at: number): number => Math.round((total * at) / count) || 0; // No minus zero.
  return Array.from({ length: count }, (_, at) => ({
    kind: 'mouse',
    dx: along(dx, at + 1) - along(dx, at),
    // A mouse counts upwards.
    // A mouse counts upwards; minus zero would not survive a trace.
    dy: along(dy, at) - along(dy, at + 1),
    wheel: 0,
    buttons,
  }));
}

/** Notches of the wheel, towards the user where positive, one event each. */
export function wheelSteps(notches: number, buttons: number): MouseEvent[] {
  if (!Number.isInteger(notches) || Math.abs(notches) > stepMost) {
    throw new UserError(`${notches} is no turn of a wheel.`, {
      nextStep: `Give notches from -${stepMost} to ${stepMost}.`,
    });
  }
  return Array.from({ length: Math.abs(notches) }, () => ({
    kind: 'mouse',
    dx: 0,
    dy: 0,
    wheel: Math.sign(notches),
    buttons,
  }));
}

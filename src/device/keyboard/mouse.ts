/**
 * The mouse at the controller's auxiliary connector: two buttons and three, a wheel, and five buttons, as the host asks.
 *
 * Source: IBM Personal System/2 Hardware Interface Technical Reference, "Mouse" (commands, modes, data packets, error
 * handling); the wheel and the side buttons: Microsoft, "Keyboard and mouse: IntelliMouse and IntelliMouse Explorer".
 * What is not modelled is listed in `controller.ts`.
 */
import { type Mouse, ticksPerSecond, times } from './state.js';

const acknowledge = 0xfa;
const resend = 0xfe;
const failed = 0xfc;
const selfTestPassed = 0xaa;

const rates = [10, 20, 40, 60, 80, 100, 200];
const rateDefault = 100;
const resolutionDefault = 2;

/** Sample rates, the last of them last, that turn a mouse into one with a wheel, or with a wheel and five buttons. */
const knocks = [
  { rates: [200, 100, 80], identification: 3 },
  { rates: [200, 200, 80], identification: 4 },
];

/** What a packet can say: nine bits of movement; of the wheel four. */
const most = { movement: 255, wheel: 7 } as const;
/** Movements beyond this are lost: nobody drives a mouse that far between two reports. */
const heldMost = 0x7fff;

/** Movements of up to five counts in the 2:1 scaling; larger ones double. */
const scaled = [0, 1, 1, 3, 6, 9];

const within = (value: number, limit: number): number => Math.max(-limit, Math.min(limit, value));

/** Puts bytes on their way; they are what a resend repeats. */
function send(mouse: Mouse, bytes: readonly number[]): void {
  mouse.output.push(...bytes);
  if (bytes[0] !== resend) mouse.last.splice(0, mouse.last.length, ...bytes);
}

function answer(mouse: Mouse, ...bytes: readonly number[]): void {
  mouse.output.length = 0;
  send(mouse, bytes);
}

function setDefaults(mouse: Mouse): void {
  [mouse.rate, mouse.resolution] = [rateDefault, resolutionDefault];
  [mouse.scaling, mouse.remote, mouse.reporting, mouse.wrap] = [false, false, false, false];
  forget(mouse);
}

/** What was moved before counts no more. */
function forget(mouse: Mouse): void {
  [mouse.dx, mouse.dy, mouse.wheel] = [0, 0, 0];
  mouse.buttonsReported = mouse.buttons;
  mouse.ticksToSample = Infinity;
}

function reset(mouse: Mouse): void {
  setDefaults(mouse);
  mouse.identification = 0;
  mouse.knock.fill(0);
  mouse.ticksToSelfTestEnd = times.selfTest;
}

/** Takes up to `limit` of what has been moved. */
function take(mouse: Mouse, axis: 'dx' | 'dy' | 'wheel', limit: number): number {
  const taken = within(mouse[axis], limit);
  mouse[axis] -= taken;
  return taken;
}

function doubled(value: number): number {
  const size = Math.abs(value);
  return within(Math.sign(value) * (scaled[size] ?? 2 * size), most.movement);
}

/** A data packet of what has happened since the last one. */
function packet(mouse: Mouse, scales: boolean): number[] {
  const { buttons, identification } = mouse;
  const movement = (axis: 'dx' | 'dy'): number => {
    const counts = take(mouse, axis, most.movement);
    return scales ? doubled(counts) : counts;
  };
  const [dx, dy] = [movement('dx'), movement('dy')];
  mouse.buttonsReported = buttons;
  const signs = (dx < 0 ? 0x10 : 0) | (dy < 0 ? 0x20 : 0);
  const bytes = [0x08 | (buttons & 7) | signs, dx & 0xff, dy & 0xff];
  if (identification === 0) return bytes;
  const wheel = take(mouse, 'wheel', most.wheel);
  bytes.push(identification === 3 ? wheel & 0xff : (wheel & 0x0f) | ((buttons & 0x18) << 1));
  return bytes;
}

/** Whether there is something that no packet has told yet. */
function moved(mouse: Mouse): boolean {
  const buttonsSeen = mouse.identification === 4 ? 0x1f : 0x07;
  const wheel = mouse.identification === 0 ? 0 : mouse.wheel;
  return (mouse.dx | mouse.dy | wheel | ((mouse.buttons ^ mouse.buttonsReported) & buttonsSeen)) !== 0;
}

/** Sends a packet in stream mode if there is something to tell, the last one has gone, and the sample period is over. */
function report(mouse: Mouse): void {
  if (!mouse.reporting || mouse.remote || mouse.wrap || mouse.ticksToSample !== Infinity) return;
  if (mouse.output.length > 0 || mouse.ticksToSelfTestEnd !== Infinity || mouse.pendingCommand !== 0) return;
  if (!moved(mouse)) return;
  send(mouse, packet(mouse, mouse.scaling));
  mouse.ticksToSample = Math.floor(ticksPerSecond / mouse.rate);
}

function status(mouse: Mouse): number[] {
  const { remote, reporting, scaling, buttons, resolution, rate } = mouse;
  const modes = (remote ? 0x40 : 0) | (reporting ? 0x20 : 0) | (scaling ? 0x10 : 0);
  const held = ((buttons & 1) << 2) | ((buttons & 4) >> 1) | ((buttons & 2) >> 1);
  return [modes | held, resolution, rate];
}

function setRate(mouse: Mouse, rate: number): void {
  mouse.rate = rate;
  mouse.knock.copyWithin(0, 1);
  mouse.knock[2] = rate;
  const opened = knocks.find(({ rates: each }) => each.every((value, at) => mouse.knock[at] === value));
  if (opened !== undefined) mouse.identification = opened.identification;
}

/** Commands without a parameter: what they do, and what follows the acknowledgement. */
const commands: Readonly<Record<number, (mouse: Mouse) => readonly number[] | void>> = {
  0xe6: (mouse) => void (mouse.scaling = false),
  0xe7: (mouse) => void (mouse.scaling = true),
  0xe9: status,
  0xea(mouse) {
    mouse.remote = false;
    forget(mouse);
  },
  0xeb: (mouse) => packet(mouse, false),
  0xec: (mouse) => void (mouse.wrap = false),
  0xee: (mouse) => void (mouse.wrap = true),
  0xf0(mouse) {
    mouse.remote = true;
    forget(mouse);
  },
  0xf2: ({ identification }) => [identification],
  0xf4(mouse) {
    mouse.reporting = true;
    forget(mouse);
  },
  0xf5(mouse) {
    mouse.reporting = false;
    forget(mouse);
  },
  0xf6: setDefaults,
  0xff: reset,
};

/** A byte that is no command or no value: asks for it again, and gives up at the second in a row. */
function refuse(mouse: Mouse): void {
  answer(mouse, mouse.refused ? failed : resend);
  mouse.refused = !mouse.refused;
}

function takeParameter(mouse: Mouse, command: number, value: number): void {
  const valid = command === 0xf3 ? rates.includes(value) : value <= 3;
  if (!valid) {
    mouse.pendingCommand = command;
    refuse(mouse);
    if (!mouse.refused) mouse.pendingCommand = 0;
    return;
  }
  if (command === 0xf3) setRate(mouse, value);
  else mouse.resolution = value;
  mouse.refused = false;
  answer(mouse, acknowledge);
}

function takeCommand(mouse: Mouse, command: number): void {
  if (command === 0xfe) return answer(mouse, ...mouse.last);
  if (command === 0xf3 || command === 0xe8) {
    mouse.pendingCommand = command;
    mouse.refused = false;
    return answer(mouse, acknowledge);
  }
  const act = commands[command];
  if (act === undefined) return refuse(mouse);
  mouse.refused = false;
  answer(mouse, acknowledge, ...(act(mouse) ?? []));
}

/** A byte from the controller has arrived; whatever the mouse was sending is dropped. */
export function receiveByMouse(mouse: Mouse, value: number): void {
  const command = mouse.pendingCommand;
  mouse.pendingCommand = 0;
  mouse.ticksToSelfTestEnd = Infinity;
  if (mouse.wrap && value !== 0xff && value !== 0xec) return answer(mouse, value);
  // A command in the place of a parameter ends the pending command.
  if (command !== 0 && value < 0xe6) takeParameter(mouse, command, value);
  else takeCommand(mouse, value);
}

/** The mouse is moved to the right and up, its wheel turned towards the user; `buttons` are held now. */
export function moveMouse(mouse: Mouse, dx: number, dy: number, wheel: number, buttons: number): void {
  mouse.buttons = buttons & 0x1f;
  mouse.dx = within(mouse.dx + dx, heldMost);
  mouse.dy = within(mouse.dy + dy, heldMost);
  mouse.wheel = within(mouse.wheel + wheel, heldMost);
  if (!mouse.reporting && !mouse.remote) forget(mouse);
  report(mouse);
}

/** Moves the mouse's own time on, at most to its next event. */
export function advanceMouse(mouse: Mouse, ticks: number): void {
  mouse.ticksToSample -= ticks;
  mouse.ticksToSelfTestEnd -= ticks;
  if (mouse.ticksToSelfTestEnd === 0) {
    mouse.ticksToSelfTestEnd = Infinity;
    send(mouse, [selfTestPassed, mouse.identification]);
  }
  if (mouse.ticksToSample !== 0) return;
  mouse.ticksToSample = Infinity;
  report(mouse);
}

/** Whether the mouse has a byte for the controller. */
export const mouseHasByte = ({ output }: Mouse): boolean => output.length > 0;

/** Takes the byte that has just crossed the cable. */
export function sendByMouse(mouse: Mouse): number {
  const byte = mouse.output.shift() ?? 0;
  report(mouse);
  return byte;
}

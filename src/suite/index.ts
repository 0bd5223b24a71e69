/** What a suite file imports: `import { guestTest, expect, guestSeconds, screenShows } from 'tsvm-test'`. */
import './matchers.js';

export { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest';
export { type Guest, guest, type GuestFixtures, type GuestSettings, guestTest, type Medium } from './guest-test.js';
export {
  type Condition,
  consoleShows,
  debugConsoleShows,
  executes,
  exited,
  halted,
  ledLit,
  memoryHolds,
  postCodeShows,
  poweredOff,
  printerShows,
  promptShows,
  screenShows,
  serialShows,
  speakerSounds,
} from './conditions.js';
export type { Plugged, PluggedCard } from './hot-plug.js';
export { type GuestTime, guestCycles, guestSeconds } from './time.js';
export { GuestLimitError, type GuestVerdict, InfrastructureError } from './errors.js';
export type { RerunDifference } from './evidence.js';
export type { DigestView, KeyboardView, PostView, ScreenView, SerialView, SpeakerView, TextView } from './observed.js';
export type { Tone } from './outputs.js';
export type { MouseMovement, VmMouse } from './mouse.js';
export type { Patience, Vm } from './vm.js';
export { longRuns } from '../host/environment.js';
export { replayInFreshProcess } from '../host/fresh-process.js';
export {
  type CheckOptions,
  type CheckResult,
  checkSubject,
  type DeviceModel,
  type ModelObserver,
  type Observer,
  type PropertySubject,
  type Step,
} from './properties/index.js';
export { createDevice, type Device, defineDevice } from '../device/device.js';
export { bytes, byteQueue, count, flag, oneOf, repeat, struct, u16, u32, u8 } from '../state/schema.js';

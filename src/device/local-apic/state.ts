/** What a local APIC remembers. */
import { count, flag, repeat, struct, u32, u8 } from '../../state/schema.js';
import { localVector } from './registers.js';

/** `remaining` counts bus clocks until the timer's count is zero, and is 0 while it stands. */
// prettier-ignore
export const stateFields = struct({
  enabled: flag(true), id: u8(), taskPriority: u8(), logicalDestination: u32(), destinationFormat: u32(0xffff_ffff),
  spuriousVector: u32(0xff), inService: repeat(8, u32()), triggerMode: repeat(8, u32()),
  requests: repeat(8, u32()), errorStatus: u8(), errorsSeen: u8(), commandLow: u32(), commandHigh: u32(), timer: u32(localVector.masked),
  performance: u32(localVector.masked), lint0: u32(localVector.masked), lint1: u32(localVector.masked),
  error: u32(localVector.masked), initialCount: u32(), divide: u8(), remaining: count(), lint0High: flag(),
  lint1High: flag(),
});

/**
 * The real-time clock's time bytes: how they are read in each data format, and how one second is added.
 * Source: Motorola MC146818A (ADI-1000), "Time, calendar and alarm locations", table 3.
 */
import { address, registerB } from './registers.js';

/** The time as numbers: hours 0 to 23, day of week 1 (Sunday) to 7, month 1 to 12, year 0 to 99 of its century. */
export interface CalendarTime {
  readonly seconds: number;
  readonly minutes: number;
  readonly hours: number;
  readonly dayOfWeek: number;
  readonly dayOfMonth: number;
  readonly month: number;
  readonly year: number;
}

function encode(value: number, valueB: number): number {
  return valueB & registerB.binary ? value : ((Math.floor(value / 10) % 16) << 4) | (value % 10);
}

function decode(byte: number, valueB: number): number {
  return valueB & registerB.binary ? byte : (byte >> 4) * 10 + (byte & 0x0f);
}

function encodeHours(hours: number, valueB: number): number {
  if (valueB & registerB.hours24) return encode(hours, valueB);
  return encode(hours % 12 === 0 ? 12 : hours % 12, valueB) | (hours >= 12 ? 0x80 : 0);
}

/** Writes a time into the clock's bytes, in the format that register B selects. */
export function writeTime(memory: Uint8Array, time: CalendarTime): void {
  const valueB = memory[address.registerB]!;
  memory[address.seconds] = encode(time.seconds, valueB);
  memory[address.minutes] = encode(time.minutes, valueB);
  memory[address.hours] = encodeHours(time.hours, valueB);
  memory[address.dayOfWeek] = encode(time.dayOfWeek, valueB);
  memory[address.dayOfMonth] = encode(time.dayOfMonth, valueB);
  memory[address.month] = encode(time.month, valueB);
  memory[address.year] = encode(time.year, valueB);
}

/** Hours 0 to 23 of a byte in either format: in the 12-hour one bit 7 is PM, and 12 comes before 1. */
function decodeHours(byte: number, valueB: number): number {
  if (valueB & registerB.hours24) return decode(byte, valueB);
  return (decode(byte & 0x7f, valueB) % 12) + (byte >= 0x80 ? 12 : 0);
}

/** Writes the same time in the format that register B selects now, `before` being what it was. */
export function changeFormat(memory: Uint8Array, before: number): void {
  const value = (at: number): number => decode(memory[at]!, before);
  writeTime(memory, {
    seconds: value(address.seconds),
    minutes: value(address.minutes),
    hours: decodeHours(memory[address.hours]!, before),
    dayOfWeek: value(address.dayOfWeek),
    dayOfMonth: value(address.dayOfMonth),
    month: value(address.month),
    year: value(address.year),
  });
}

const daysOfMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** The chip knows no century: every fourth year is a leap year ("Automatic leap year compensation"). */
function daysIn(month: number, year: number): number {
  return month === 2 && year % 4 === 0 ? 29 : (daysOfMonth[month - 1] ?? 31);
}

/** Counts one byte up from `first` to `last`; true when it wraps. A value past `last`, which no program should set, wraps too. */
function countUp(memory: Uint8Array, at: number, first: number, last: number): boolean {
  const valueB = memory[address.registerB]!;
  const next = decode(memory[at]!, valueB) + 1;
  const wraps = next > last;
  memory[at] = encode(wraps ? first : next, valueB);
  return wraps;
}

/** Counts the hours up; true at midnight. */
function countHours(memory: Uint8Array): boolean {
  const valueB = memory[address.registerB]!;
  if (valueB & registerB.hours24) return countUp(memory, address.hours, 0, 23);
  const hour = decodeHours(memory[address.hours]!, valueB);
  memory[address.hours] = encodeHours((hour + 1) % 24, valueB);
  return hour === 23;
}

/** Adds one second to the time bytes: the update cycle. */
export function addSecond(memory: Uint8Array): void {
  if (!countUp(memory, address.seconds, 0, 59)) return;
  if (!countUp(memory, address.minutes, 0, 59)) return;
  if (!countHours(memory)) return;
  countUp(memory, address.dayOfWeek, 1, 7);
  const valueB = memory[address.registerB]!;
  const days = daysIn(decode(memory[address.month]!, valueB), decode(memory[address.year]!, valueB));
  if (!countUp(memory, address.dayOfMonth, 1, days)) return;
  if (countUp(memory, address.month, 1, 12)) countUp(memory, address.year, 0, 99);
}

/** Whether the alarm bytes match the time; an alarm byte of C0h to FFh matches any value. */
export function alarmMatches(memory: Uint8Array): boolean {
  const matches = (alarm: number, time: number): boolean => memory[alarm]! >= 0xc0 || memory[alarm] === memory[time];
  return (
    matches(address.secondsAlarm, address.seconds) &&
    matches(address.minutesAlarm, address.minutes) &&
    matches(address.hoursAlarm, address.hours)
  );
}

/** The Gregorian date and time of `unixSeconds` (a non-negative integer), and its century (19, 20 ...). */
export function calendarTime(unixSeconds: number): CalendarTime & { readonly century: number } {
  const days = Math.floor(unixSeconds / 86_400);
  const secondOfDay = unixSeconds % 86_400;
  // Days are counted from 1 March of year 0, so that the leap day ends a year; 400 years have 146,097 days.
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted % 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const fullYear = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return {
    seconds: secondOfDay % 60,
    minutes: Math.floor(secondOfDay / 60) % 60,
    hours: Math.floor(secondOfDay / 3_600),
    dayOfWeek: ((days + 4) % 7) + 1, // 1 January 1970 was a Thursday.
    dayOfMonth: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
    month,
    year: fullYear % 100,
    century: Math.floor(fullYear / 100),
  };
}

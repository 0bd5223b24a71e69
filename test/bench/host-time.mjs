/** Times and sizes of the host. */
import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds on the clock, and of processor time that this whole process has taken. */
export function stampNow() {
  const { user, system } = process.cpuUsage();
  return { clock: performance.now(), processor: (user + system) / 1000 };
}

/** Whether another process's times and sizes can be read here: Linux tells them in /proc. */
export const canReadProcesses = process.platform === 'linux';

/** Milliseconds of processor time that another process has taken, its threads together. */
export function processorMsOf(pid) {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // The thread has just ended.
    }
  }
  return nanoseconds / 1e6;
}

/** The most memory that another process has held at once. */
export function peakBytesOf(pid) {
  const [, kibibytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

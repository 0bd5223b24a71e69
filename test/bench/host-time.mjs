/** Times of the host: milliseconds on the clock, and of processor time that this whole process has taken. */
export function stampNow() {
  const { user, system } = process.cpuUsage();
  return { clock: performance.now(), processor: (user + system) / 1000 };
}

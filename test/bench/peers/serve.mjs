/** The other side of `node-process.mjs`: takes the task from the first message, then answers what is asked. */

/** `begin(task)` gives functions by what may be asked. */
export function serve(begin) {
  let abilities;
  process.on('message', async (message) => {
    try {
      if (abilities === undefined) abilities = begin(message);
      else process.send({ answer: await (await abilities)[message.ask]() });
    } catch (error) {
      process.send({ error: error.stack });
    }
  });
}

/** The most memory that this process has held at once. */
export const peakBytes = () => process.resourceUsage().maxRSS * 1024;

/** Milliseconds of processor time that some work takes, and what it gave. */
export async function timed(work) {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { ms: (user + system) / 1000, result };
}

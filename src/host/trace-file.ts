/**
 * A trace being recorded: the file under its final name always begins with a whole header frame and only ever grows by
 * whole frames. It starts under a temporary name, which is renamed as soon as the header stands; whatever was recorded
 * under that name before is replaced then and not earlier. A recorder killed at any instant leaves a trace that replays.
 */
import { closeSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TraceSink } from '../trace/writer.js';
import { fileError, removeFile, temporaryName } from './files.js';

/** A file that takes frames. */
export interface TraceFile extends TraceSink {
  close(): void;
}

/** Opens a trace for recording; throws {@link UserError} at once when it cannot be written there. */
export function createTraceFile(path: string): TraceFile {
  const temporary = temporaryName(path);
  let named = false;
  const file = guarded(() => {
    mkdirSync(dirname(path), { recursive: true });
    return openSync(temporary, 'w');
  });
  function guarded<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw fileError(error, path, 'Give another file with -o.');
    }
  }
  return {
    append(bytes) {
      guarded(() => {
        for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
        if (!named) renameSync(temporary, path);
        named = true;
      });
    },
    close() {
      closeSync(file);
      if (!named) removeFile(temporary);
    },
  };
}

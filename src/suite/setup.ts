/** Loaded before every suite file: brings the matchers, and looks for obsolete goldens when the file is through. */
import { afterAll, expect } from 'vitest';
import { shownPath } from '../host/files.js';
import { tell } from '../host/environment.js';
import { obsoleteGoldens, removeGoldens } from './golden-files.js';
import { usedGoldens } from './matchers.js';

/** The part of a vitest task that says whether it ran and passed. */
interface Ran {
  readonly type: string;
  readonly mode?: string;
  readonly result?: { readonly state?: string } | undefined;
  readonly tasks?: readonly Ran[];
}

const passed = (task: Ran): boolean =>
  task.type === 'suite' ? (task.tasks ?? []).every(passed) : task.result?.state === 'pass';

// Vitest reads the pattern to learn which fixtures are wanted: none.
afterAll(({}, file) => {
  // A filtered, skipped or failed test may own any golden: only a file that ran whole and well can tell.
  if (!file.tasks.every(passed)) return;
  const { snapshotState } = expect.getState();
  const obsolete = obsoleteGoldens(file.file.filepath, usedGoldens(file.file.filepath));
  if (obsolete.length === 0) return;
  const list = obsolete.map((path) => `  ${shownPath(path)}`).join('\n');
  const mode = snapshotState.snapshotUpdateState;
  if (mode === 'all') {
    removeGoldens(obsolete);
    tell(`obsolete goldens removed:\n${list}`);
  } else if (mode === 'none') {
    throw new Error(`obsolete goldens, which no test asks for; remove them with -u:\n${list}`);
  } else {
    tell(`obsolete goldens, which no test asks for; remove them with -u:\n${list}`);
  }
});

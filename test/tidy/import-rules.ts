/**
 * Who may import whom, as data. A room imports itself and rooms before it in the list, nothing else.
 * Each narrower rule names a folder inside a room and what it may reach.
 */

/** The rooms of `src/`, from the innermost outwards. */
export const rooms = [
  'base',
  'state',
  'clock',
  'screen',
  'trace',
  'cpu',
  'device',
  'network',
  'firmware',
  'machine',
  'replay',
  'host',
  'debug',
  'suite',
  'viewer',
  'cli',
] as const;

/** Rooms that may know the host: files, processes, the wall clock, entropy. */
export const hostRooms: readonly string[] = ['host', 'cli'];

/** Folders that may reach less than their room: `only` lists the folders and files allowed, as path prefixes in `src/`. */
export const narrowFolders: readonly {
  readonly folder: string;
  readonly only: readonly string[];
  readonly why: string;
}[] = [{ folder: 'cpu/wasm/', only: ['cpu/wasm/', 'base/'], why: 'the encoder knows nothing of x86' }];

/** Folders whose subfolders may not import one another: one chip a folder, and no chip knows another. */
export const separateSubfolders: readonly string[] = ['device/'];

/** Files and functions that exceed a size limit for a reason worth more than the limit. */
export const sizeExceptions: {
  readonly files: Readonly<Record<string, string>>;
  readonly functions: Readonly<Record<string, string>>;
} = {
  files: {
    'test/cpu/boundaries.test.ts': 'one subject, what happens between two instructions; its length is rows of tables',
    'test/cpu/restart.test.ts': 'one subject, faults that can be restarted; its length is rows of tables',
    'test/cpu/system/gates.test.ts': "one subject, the manual's checks of gates, a row each",
    'test/cpu/system/tasks.test.ts': "one subject, the manual's checks of task switches, a row each",
  },
  functions: {},
};

/** Most lines of a file, and of a function without the functions inside it. */
export const sizeLimits = { fileLinesMax: 400, functionLinesMax: 60 };

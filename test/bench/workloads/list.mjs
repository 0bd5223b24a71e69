/** The workloads by name, in the order in which a run shows them; what the names mean in the guest is in `program/`. */
export const workloads = {
  boot: 'boot to a shell script: the kernel unpacks itself and starts',
  integer: 'integers: lists, a matrix, a state machine, CRC',
  sort: 'quicksort of a million numbers',
  chase: 'two million steps through pointers in 16 MiB',
  'copy-rep': '128 MiB copied by rep movs',
  'copy-loop': '96 MiB copied word by word',
  'nbody-x87': 'five bodies, x87',
  'nbody-sse2': 'five bodies, SSE2',
  'mandelbrot-x87': 'Mandelbrot set, x87',
  'mandelbrot-sse2': 'Mandelbrot set, SSE2',
  syscall: '300,000 getppid through int 80h',
  fork: '1000 forks',
  exec: '400 fork and exec from a shell loop',
  shell: 'a shell loop of 60,000 rounds',
  gzip: 'gzip of 4 MiB',
  sha256: 'sha256 of 8 MiB',
  'one-page': 'code and stack in one page',
};

/** The fourteen that the geometric means are over; the others have goals of their own, or none. */
export const workloadsOfTheMean = Object.keys(workloads).filter(
  (name) => !['boot', 'shell', 'one-page'].includes(name),
);

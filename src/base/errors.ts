/** What a user's mistake needs to be mended: the file, the place in it, and the next step. */
export interface UserErrorDetails {
  /** The file, option or name that is wrong, as the user gave it. */
  readonly file?: string;
  /** The place inside it: an offset, a frame, a line, a key. */
  readonly place?: string;
  /** What to do next, as a whole sentence. */
  readonly nextStep?: string;
  readonly cause?: unknown;
}

/** Bad input: an image, a trace, a configuration, a suite or an argument. Commands exit with code 2. */
export class UserError extends Error {
  override name = 'UserError';
  readonly file: string | undefined;
  readonly place: string | undefined;
  readonly nextStep: string | undefined;

  constructor(
    private readonly problem: string,
    details: UserErrorDetails = {},
  ) {
    const where = [details.file, details.place].filter((part) => part !== undefined).join(', ');
    super(
      [where === '' ? problem : `${where}: ${problem}`, details.nextStep]
        .filter((part) => part !== undefined)
        .join('\n'),
      { cause: details.cause },
    );
    this.file = details.file;
    this.place = details.place;
    this.nextStep = details.nextStep;
  }

  /** The same mistake, found to be one of a file. */
  of(file: string): UserError {
    const { problem, place, nextStep, cause } = this;
    return new UserError(problem, {
      ...{ file, cause },
      ...(place !== undefined && { place }),
      ...(nextStep !== undefined && { nextStep }),
    });
  }
}

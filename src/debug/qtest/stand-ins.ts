/** Boards and devices of QEMU that stand in for others, because their user says so; what was asked for is told. */
import { UserError } from '../../base/errors.js';

export class StandIns {
  private readonly names: ReadonlyMap<string, string>;
  private readonly told = new Set<string>();

  /** Texts such as `q35=pc`. Throws {@link UserError} for another. */
  constructor(texts: readonly string[]) {
    this.names = new Map(
      texts.map((text) => {
        const [, asked, stands] = /^([^=]+)=([^=]+)$/.exec(text) ?? [];
        if (asked === undefined || stands === undefined) {
          throw new UserError(`"${text}" does not say what stands in for what`, {
            place: '--stand-in',
            nextStep: 'Write --stand-in q35=pc: the board pc for the board q35.',
          });
        }
        return [asked, stands];
      }),
    );
  }

  /** What is taken for a name: itself, or what stands in for it. */
  take(name: string): string {
    const stands = this.names.get(name);
    if (stands === undefined) return name;
    this.told.add(`asked for ${name}, ran on ${stands}`);
    return stands;
  }

  /** What was asked for and not taken, a line each. */
  get notes(): readonly string[] {
    return [...this.told];
  }
}

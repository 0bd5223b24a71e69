/** The sixteen interrupt requests of a PC, each a line that several sources may hold up. */
import { assert } from '../base/assert.js';
import type { Drive } from '../device/device.js';
import { flag, repeat, struct } from '../state/schema.js';
import { type Part, statePart } from './parts.js';

/** Interrupt requests of a PC. */
export const interruptRequests = 16;

/** A source whose request may change, as a chipset routes it. */
export interface RoutedSource {
  readonly drive: Drive;
  /** Routes the source to a request; undefined leads nowhere. */
  route(request: number | undefined): void;
}

const nowhere = -1;

export class InterruptLines {
  /** The level of each source: state, as a request stays up while any source of it holds it. */
  private readonly levels: boolean[] = [];
  /** The request of each source. */
  private readonly requests: number[] = [];

  /** `changed` hears the level of a request whenever a source of it changed. */
  constructor(private readonly changed: (request: number, level: boolean) => void) {}

  /** A new source of a request from 0 to 15. Sources are numbered in the order in which they are made. */
  source(request: number): Drive {
    assert(request >= 0 && request < interruptRequests, 'a request from 0 to 15');
    const { drive, route } = this.routedSource();
    route(request);
    return drive;
  }
  /** A new source that leads nowhere yet. */
  routedSource(): RoutedSource {
    const { levels, requests } = this;
    const index = levels.push(false) - 1;
    requests[index] = nowhere;
    return {
      drive: (level) => {
        if (levels[index] === level) return;
        levels[index] = level;
        this.tell(requests[index]!);
      },
      route: (request = nowhere) => {
        const before = requests[index]!;
        if (before === request) return;
        requests[index] = request;
        if (!levels[index]) return;
        this.tell(before);
        this.tell(request);
      },
    };
  }
  private tell(request: number): void {
    if (request !== nowhere) this.changed(request, this.level(request));
  }
  level(request: number): boolean {
    return this.requests.some((each, index) => each === request && this.levels[index]);
  }

  /** The levels as a part of the state; asked for when every source is there. Routes follow from the chipset's own state. */
  part(): Part {
    const { levels } = this;
    return statePart(struct<{ levels: boolean[] }>({ levels: repeat(levels.length, flag()) }), { levels });
  }
}

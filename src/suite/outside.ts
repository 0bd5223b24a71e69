/**
 * A guest's live network cards in a suite. What comes in reaches the guest between two slices of its run, as an input like any
 * other, so that what happened runs again without a network. While something is under way outside, the guest's time keeps to the
 * wall clock's pace: the outside has no other.
 */
import { sleep, stopwatch } from '../host/environment.js';
import { type LiveNetwork, plugLiveNetwork } from '../host/live-network/live-network.js';
import type { InputEvent, Machine } from '../machine/machine.js';

/** How often the cards are looked at, in guest time. */
const looksPerSecond = 1000;

export class OutsideNetwork {
  private paced: { readonly elapsed: () => number; readonly from: number } | undefined;

  private constructor(
    private readonly machine: Machine,
    private readonly network: LiveNetwork,
  ) {}

  /** The network of a machine's live cards; undefined when it has none. */
  static of(machine: Machine, input: (event: InputEvent) => void): OutsideNetwork | undefined {
    const network = plugLiveNetwork({ machine, input });
    return network && new OutsideNetwork(machine, network);
  }

  /** The longest slice of a run between two looks, in cycles. */
  get sliceCycles(): number {
    return Math.ceil(this.machine.description.cyclesPerSecond / looksPerSecond);
  }

  /** Looks at the cards, and waits where the guest is ahead of the outside. */
  async settle(): Promise<void> {
    this.network.deliver();
    if (!this.network.busy()) {
      this.paced = undefined;
      return;
    }
    const { cyclesPerSecond } = this.machine.description;
    this.paced ??= { elapsed: stopwatch(), from: this.machine.cycle };
    const ahead = (this.machine.cycle - this.paced.from) / cyclesPerSecond - this.paced.elapsed();
    if (ahead > 0) await sleep(ahead);
  }

  close(): void {
    this.network.close();
  }
}

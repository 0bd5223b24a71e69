/** What the tests of one `guestTest` share: the machine's description, the power-on facts, and where they start from. */
import type { DescribedMachine } from '../host/describe-machine.js';
import type { Images, Machine, MachineDescription, MediumDescription, PowerOn } from '../machine/machine.js';
import type { Medium } from './guest-test.js';
import { Vm, type VmMoment } from './vm.js';

/** Makes a machine, powered on. */
export type MakeMachine = (description: MachineDescription, images: Images, powerOn: PowerOn) => Machine;

export class Session {
  private moment: Promise<VmMoment> | undefined;

  constructor(
    readonly described: DescribedMachine,
    readonly powerOn: PowerOn,
    private readonly makeMachine: MakeMachine,
    private readonly toStart: ((vm: Vm) => Promise<void>) | undefined,
    /** Has a medium at hand that is plugged in later. */
    private readonly mediumOf?: (medium: Medium) => MediumDescription,
  ) {}

  /** A machine at power-on. */
  machine(): Machine {
    return this.makeMachine(this.described.description, this.described.images, this.powerOn);
  }

  private vm(from?: VmMoment): Vm {
    return new Vm(this.machine(), from, this.mediumOf);
  }

  /**
   * Starts a guest: at power-on, or where the start leads, which runs once for all. `started` is told of the guest as soon
   * as there is one, so that a start that fails leaves something to look at.
   */
  async start(started: (vm: Vm) => void): Promise<void> {
    if (this.toStart === undefined) return started(this.vm());
    this.moment ??= this.run(this.toStart, started);
    started(this.vm(await this.moment));
  }

  private async run(toStart: (vm: Vm) => Promise<void>, started: (vm: Vm) => void): Promise<VmMoment> {
    const vm = this.vm();
    started(vm);
    try {
      await toStart(vm);
      return vm.moment();
    } finally {
      vm.close();
    }
  }
}

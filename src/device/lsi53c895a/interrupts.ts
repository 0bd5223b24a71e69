/** Interrupts (section 2.2.15, "Interrupt Handling"): three sources, their masks, and what stops SCRIPTS. */
import { dcntl, istat0, istat1, nonFatal, register } from './registers.js';
import { type AdapterContext, get8, set8 } from './state.js';

/** Works out ISTAT0's pending bits and the interrupt line. */
export function updateInterrupt(context: AdapterContext): void {
  const dma = get8(context, register.DSTAT);
  const [one, two] = [get8(context, register.SIST0), get8(context, register.SIST1)];
  const [enabledOne, enabledTwo] = [get8(context, register.SIEN0), get8(context, register.SIEN1)];
  const scsiPending = (one & (enabledOne | ~nonFatal.sist0)) | (two & (enabledTwo | ~nonFatal.sist1));
  const status = get8(context, register.ISTAT0) & ~(istat0.SIP | istat0.DIP);
  set8(context, register.ISTAT0, status | (scsiPending === 0 ? 0 : istat0.SIP) | (dma === 0 ? 0 : istat0.DIP));
  const asserted =
    (dma & get8(context, register.DIEN)) !== 0 ||
    (one & enabledOne) !== 0 ||
    (two & enabledTwo) !== 0 ||
    (status & istat0.INTF) !== 0;
  context.lines.interrupt(asserted && (get8(context, register.DCNTL) & dcntl.IRQD) === 0);
}

export function stopScript(context: AdapterContext): void {
  const { state } = context;
  state.script = 'stopped';
  state.scriptTicks = Infinity;
  state.selecting = false;
  state.selectionTicks = Infinity;
  set8(context, register.ISTAT1, get8(context, register.ISTAT1) & ~istat1.SRUN);
}

/** An interrupt of the DMA core: it always stops SCRIPTS. */
export function dmaInterrupt(context: AdapterContext, bits: number): void {
  set8(context, register.DSTAT, get8(context, register.DSTAT) | bits);
  stopScript(context);
  updateInterrupt(context);
}

/** An interrupt of the SCSI core: a non-fatal one that is masked does not stop SCRIPTS. */
export function scsiInterrupt(context: AdapterContext, one: number, two: number): void {
  set8(context, register.SIST0, get8(context, register.SIST0) | one);
  set8(context, register.SIST1, get8(context, register.SIST1) | two);
  const stopsOne = one & (get8(context, register.SIEN0) | ~nonFatal.sist0);
  const stopsTwo = two & (get8(context, register.SIEN1) | ~nonFatal.sist1);
  if ((stopsOne | stopsTwo) !== 0) stopScript(context);
  updateInterrupt(context);
}

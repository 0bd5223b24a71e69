/** A recording from plain options: a machine, powered on, and a trace file that grows. */
import { describeMachine, keepMedium } from '../../host/describe-machine.js';
import type { MachineRequest } from '../../host/machine-request.js';
import { brotli } from '../../host/compression.js';
import { ownVersion } from '../../host/own-package.js';
import { createPacketCapture, type PacketCapture } from '../../host/pcap.js';
import { createTraceFile, type TraceFile } from '../../host/trace-file.js';
import { firmwareDigests } from '../../host/firmware.js';
import { createMachine } from '../../host/machines.js';
import type { Machine, PowerOn, SerialOutput } from '../../machine/machine.js';
import { createRecorder, type Recorder } from '../../replay/recorder.js';
import { hearTesting, testingReport } from '../testing-outputs.js';
import { screenText } from '../../screen/text.js';
import type { EndReason } from '../../trace/model.js';

/** What a recording is made from. Plain data, so that another thread can be given it. */
export interface RecordingRequest {
  readonly machine: MachineRequest;
  readonly powerOn: PowerOn;
  readonly output: string;
  readonly title: string;
  /** A capture file for what the network cards send and are given. */
  readonly pcap?: string | undefined;
  /** Images in no drive yet, which a script inserts or plugs in. */
  readonly spare?: readonly string[] | undefined;
}

/** A recording under way. */
export interface Recording {
  readonly recorder: Recorder;
  /** Everything the guest has sent on its serial ports. */
  readonly sent: SerialOutput[];
  /** Everything it has written to its debug console. */
  readonly written: number[];
  /** Ends the trace and gives its summary. */
  finish(ending: Ending): RecordingSummary;
}

/** Why a recording ends; a guest that ended it by its debug exit gave a status. */
export type Ending =
  { readonly kind: Exclude<EndReason, 'exited'> } | { readonly kind: 'exited'; readonly status: number };

/** What `record` prints. */
export interface RecordingSummary {
  readonly trace: string;
  readonly reason: EndReason;
  /** What the guest gave its debug exit, as a status. */
  readonly status?: number;
  readonly cycle: number;
  readonly sha256: string;
  readonly screen: string;
  readonly debugConsole?: string;
  /** What the POST card showed, in hexadecimal digits. */
  readonly postCodes?: readonly string[];
}

/** Reads the images, powers the machine on, and starts the trace. Throws UserError before anything is written. */
export function startRecording({ machine: request, powerOn, output, title, pcap, spare }: RecordingRequest): Recording {
  const { description, images } = describeMachine(request);
  for (const image of spare ?? []) keepMedium(images, 'disk0', { image });
  const machine = createMachine(description, images, powerOn);
  const capture = pcap === undefined ? undefined : createPacketCapture(pcap);
  if (capture !== undefined) capturePackets(machine, capture);
  const file: TraceFile = createTraceFile(output);
  const sent: SerialOutput[] = [];
  machine.onSerial = (bytes) => void sent.push(bytes);
  const testing = hearTesting(machine);
  const recorder = createRecorder({
    machine,
    powerOn,
    sink: file,
    title,
    packageVersion: ownVersion(),
    firmware: firmwareDigests(machine.description),
    compression: brotli,
  });
  return {
    recorder,
    sent,
    written: testing.written,
    finish(ending) {
      const { kind: reason } = ending;
      recorder.finish(reason);
      file.close();
      capture?.close();
      const { sha256 } = machine.digest();
      const screen = screenText(machine.screen());
      const status = ending.kind === 'exited' ? { status: ending.status } : {};
      return { trace: output, reason, ...status, cycle: machine.cycle, sha256, screen, ...testingReport(testing) };
    },
  };
}

/** Writes down what every card sends and takes. */
function capturePackets({ observers, description }: Machine, capture: PacketCapture): void {
  const seconds = (at: number): number => at / description.cyclesPerSecond;
  observers.packet = ({ frame, cycle }) => capture.frame(seconds(cycle), frame);
  observers.packetDelivered = ({ frame, cycle }) => capture.frame(seconds(cycle), frame);
}

/** A recording from plain options: a machine, powered on, and a trace file that grows. */
import { describeMachine } from '../../host/describe-machine.js';
import type { MachineRequest } from '../../host/machine-request.js';
import { brotli } from '../../host/compression.js';
import { ownVersion } from '../../host/own-package.js';
import { createPacketCapture, type PacketCapture } from '../../host/pcap.js';
import { createTraceFile, type TraceFile } from '../../host/trace-file.js';
import { firmwareDigests } from '../../host/firmware.js';
import { createMachine } from '../../host/machines.js';
import type { Machine, PowerOn, SerialOutput } from '../../machine/machine.js';
import { createRecorder, type Recorder } from '../../replay/recorder.js';
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
}

/** A recording under way. */
export interface Recording {
  readonly recorder: Recorder;
  /** Everything the guest has sent on its serial ports. */
  readonly sent: SerialOutput[];
  /** Ends the trace and gives its summary. */
  finish(reason: EndReason): RecordingSummary;
}

/** What `record` prints. */
export interface RecordingSummary {
  readonly trace: string;
  readonly reason: EndReason;
  readonly cycle: number;
  readonly sha256: string;
  readonly screen: string;
}

/** Reads the images, powers the machine on, and starts the trace. Throws UserError before anything is written. */
export function startRecording({ machine: request, powerOn, output, title, pcap }: RecordingRequest): Recording {
  const { description, images } = describeMachine(request);
  const machine = createMachine(description, images, powerOn);
  const capture = pcap === undefined ? undefined : createPacketCapture(pcap);
  if (capture !== undefined) capturePackets(machine, capture);
  const file: TraceFile = createTraceFile(output);
  const sent: SerialOutput[] = [];
  machine.onSerial = (bytes) => void sent.push(bytes);
  const recorder = createRecorder({
    machine,
    powerOn,
    sink: file,
    title,
    packageVersion: ownVersion(),
    firmware: firmwareDigests(),
    compression: brotli,
  });
  return {
    recorder,
    sent,
    finish(reason) {
      recorder.finish(reason);
      file.close();
      capture?.close();
      const { sha256 } = machine.digest();
      return { trace: output, reason, cycle: machine.cycle, sha256, screen: screenText(machine.screen()) };
    },
  };
}

/** Writes down what every card sends and takes. */
function capturePackets({ observers, description }: Machine, capture: PacketCapture): void {
  const seconds = (at: number): number => at / description.cyclesPerSecond;
  observers.packet = ({ frame, cycle }) => capture.frame(seconds(cycle), frame);
  observers.packetDelivered = ({ frame, cycle }) => capture.frame(seconds(cycle), frame);
}

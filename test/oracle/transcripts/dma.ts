/**
 * The DMA transcript. Accesses only: nothing is ever transferred, and no interrupt line is involved.
 */
import { createDevice } from '../../../src/device/device.js';
import { dma } from '../../../src/device/dma/dma.js';
import { controllers } from '../../../src/device/dma/registers.js';
import type { Bench, Difference, TranscriptSubject } from './runner.js';

/** The reference's current addresses: they take the base's value when a high byte of address or count is written. */
interface DmaBench extends Bench {
  /** The byte that the reference answers where it does not follow the datasheet; undefined elsewhere. */
  lateAddressByte: number | undefined;
}

const registerAt = new Map(Object.entries(dma.registers).map(([name, port]) => [port, name]));

/** Controller, channel and word of a port, where it is an address or a count. */
function wordAt(port: number): { controller: number; channel: number; isAddress: boolean } | undefined {
  for (const [controller, { base, stride }] of controllers.entries()) {
    const register = (port - base) / stride;
    if (Number.isInteger(register) && register >= 0 && register < 8) {
      return { controller, channel: register >> 1, isAddress: register % 2 === 0 };
    }
  }
  return undefined;
}

function create(): DmaBench {
  const chip = createDevice(dma, { lines: {}, board: { readMemory: () => 0xff, writeMemory: () => {} } });
  const shown = [0, 1].map(() => [0, 0, 0, 0]);
  const bench: DmaBench = {
    lateAddressByte: undefined,
    write(port, value) {
      const word = wordAt(port);
      const high = word !== undefined && chip.state.controllers[word.controller]!.highByteNext;
      chip.write(registerAt.get(port)!, value);
      if (word && high) shown[word.controller]![word.channel] = addressOf(word);
    },
    read(port) {
      const word = wordAt(port);
      const late = word?.isAddress ? shown[word.controller]![word.channel]! : undefined;
      const high = word !== undefined && chip.state.controllers[word.controller]!.highByteNext;
      bench.lateAddressByte = late === undefined ? undefined : high ? late >> 8 : late & 0xff;
      return chip.read(registerAt.get(port)!);
    },
    advanceTo() {},
  };
  const addressOf = ({ controller, channel }: { controller: number; channel: number }): number =>
    chip.state.controllers[controller]!.channels[channel]!.address;
  return bench;
}

/** The subject of `dma.txt`. */
export const dmaTranscript: TranscriptSubject<DmaBench> = {
  name: 'dma',
  lines: [],
  create,
  knownDifferences: [
    {
      reference: 'an address whose low byte alone has been written reads back as before',
      datasheet:
        '8237A, "Base Address and Base Word Count Registers": written simultaneously with the current registers, in 8-bit bytes',
      explains: ({ exchange, bench }: Difference<DmaBench>) =>
        exchange.kind === 'read' && exchange.answer === bench.lateAddressByte,
    },
  ],
};

/** `--device`: a component by its name, or a part for kernels under test, as users of QEMU know most of them, with its properties. */
import { UserError } from '../base/errors.js';
import type { ConfigurationFileRequest, TestingRequest } from '../host/testing-request.js';
import { optionalDevices } from '../machine/machine.js';

/** Parts for kernels under test, by QEMU's names where it has them: which properties they have, and what is asked for. */
const testingDevices: Readonly<
  Record<string, { readonly properties: readonly string[]; readonly ask: (said: Said) => TestingRequest }>
> = {
  'isa-debug-exit': {
    properties: ['iobase', 'iosize'],
    ask: ({ iobase, iosize }) => ({
      debugExit: { ...(iobase !== undefined && { port: iobase }), ...(iosize !== undefined && { bytes: iosize }) },
    }),
  },
  'isa-debugcon': {
    properties: ['iobase'],
    ask: ({ iobase }) => ({ debugConsole: iobase === undefined ? true : { port: iobase } }),
  },
  'fw-cfg': { properties: [], ask: () => ({ firmwareConfiguration: true }) },
  'post-card': {
    properties: ['port'],
    ask: ({ port }) => ({ postCard: port === undefined ? true : { port } }),
  },
  'pc-testdev': { properties: [], ask: () => ({ testDevice: true }) },
};

type Said = Readonly<Record<string, string | undefined>>;

/** A file of the firmware configuration, as `--fw-cfg` names it; the text behind `string=` may hold commas. */
function fileFrom(text: string): ConfigurationFileRequest {
  const [, name, kind, value] = /^(?:name=)?([^,]+),(string|file)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new UserError(`"${text}" is no file of the firmware configuration`, {
      place: '--fw-cfg',
      nextStep: 'Write --fw-cfg name=opt/mine/level,string=3 or --fw-cfg name=opt/mine/table,file=table.bin.',
    });
  }
  return kind === 'string' ? { name, text: value } : { name, file: value };
}

/** What `--device` options ask for: names for `devices`, and parts for `testing`. Throws UserError. */
export function devicesFrom(
  texts: readonly string[],
  files: readonly string[],
): { devices?: readonly string[]; testing?: TestingRequest } {
  const devices: string[] = [];
  let testing: TestingRequest | undefined;
  for (const text of texts) {
    const [name = '', ...properties] = text.split(',');
    const known = Object.hasOwn(testingDevices, name) ? testingDevices[name] : undefined;
    if (known !== undefined) {
      testing = { ...testing, ...known.ask(saidOf(text, known.properties, properties)) };
    } else if (optionalDevices.some((device) => device === name) && properties.length === 0) {
      devices.push(name);
    } else {
      refuse(text, `Known: ${[...optionalDevices, ...Object.keys(testingDevices)].join(', ')}.`);
    }
  }
  if (files.length > 0) testing = { ...testing, firmwareConfiguration: { files: files.map(fileFrom) } };
  return { ...(devices.length > 0 && { devices }), ...(testing && { testing }) };
}

function saidOf(text: string, possible: readonly string[], properties: readonly string[]): Said {
  const said: Record<string, string> = {};
  for (const property of properties) {
    const [, name = '', value = ''] = /^([^=]*)=(.+)$/.exec(property) ?? [];
    if (!possible.includes(name)) {
      const those = possible.length === 0 ? 'It has no properties.' : `Its properties: ${possible.join(', ')}.`;
      refuse(text, `${those} Write --device isa-debug-exit,iobase=0xf4,iosize=0x04.`);
    }
    said[name] = value;
  }
  return said;
}

function refuse(text: string, nextStep: string): never {
  throw new UserError(`"${text}" is no device with such properties`, { place: '--device', nextStep });
}

/** Parts for kernels that are tested, as a user writes them: checked, and with what was left out filled in. */
import { resolve } from 'node:path';
import { UserError } from '../base/errors.js';
import type { ConfigurationFile, ImageDescription, TestingDescription } from '../machine/machine.js';

/** A port as a number, or as a text such as `0xf4`. */
export type PortRequest = number | string;

/** What a user says of them; `true` takes every default. */
export interface TestingRequest {
  /** Default: two ports from 0x501 on. */
  readonly debugExit?: true | { readonly port?: PortRequest; readonly bytes?: number | string };
  /** Default: port 0xe9. */
  readonly debugConsole?: true | { readonly port?: PortRequest };
  /** Default: port 0x80. */
  readonly postCard?: true | { readonly port?: PortRequest };
  /** `true`: no files beside the machine's own. */
  readonly firmwareConfiguration?: true | ConfigurationRequest;
  readonly testDevice?: boolean;
  /** A watchdog resets nothing: it is only told. */
  readonly watchdogTells?: boolean;
}

/** What a firmware configuration says. */
export interface ConfigurationRequest {
  readonly files?: readonly ConfigurationFileRequest[];
  /** The machine's identity, such as 4600cb32-38ec-4b2f-8acb-81c6ea54f2d8. */
  readonly uuid?: string;
  /** `false`: firmware is to do without a display. */
  readonly graphics?: boolean;
  /** Firmware is to offer a menu of what to boot. */
  readonly bootMenu?: boolean;
}

/** A file of the firmware configuration: its contents are a text, or those of the file at a path. */
export interface ConfigurationFileRequest {
  readonly name: string;
  readonly text?: string;
  readonly file?: string;
}

const defaults = { exitPort: 0x501, exitBytes: 2, consolePort: 0xe9, cardPort: 0x80 } as const;
const ports = 0x1_0000;

/** What is possible, for errors. */
export const testingPossible =
  '{ "debugExit": true or { "port": "0xf4", "bytes": 4 }, "debugConsole": true or { "port": "0xe9" }, "postCard": true or { "port": "0x80" }, "firmwareConfiguration": true or { "files": [{ "name": "opt/mine/level", "text": "3" }], "uuid": text, "graphics": false, "bootMenu": true }, "testDevice": true, "watchdogTells": true }, each of which may be absent';

type Fits = (value: unknown) => boolean;
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isAbsentOr =
  (fits: Fits): Fits =>
  (value) =>
    value === undefined || fits(value);
const isNumber: Fits = (value) => typeof value === 'number' || typeof value === 'string';
const hasOnly = (value: unknown, shape: Readonly<Record<string, Fits>>): boolean =>
  isRecord(value) &&
  Object.keys(value).every((key) => Object.hasOwn(shape, key)) &&
  Object.entries(shape).every(([key, fits]) => fits(value[key]));
const isTrueOr =
  (shape: Readonly<Record<string, Fits>>): Fits =>
  (value) =>
    value === true || hasOnly(value, shape);

const isText: Fits = (value) => typeof value === 'string';
const isFlag: Fits = (value) => typeof value === 'boolean';
const configurationFileFits: Fits = (value) =>
  hasOnly(value, { name: isText, text: isAbsentOr(isText), file: isAbsentOr(isText) });

/** The same with paths relative to a folder made absolute. */
export function placeTesting(request: TestingRequest, folder: string): TestingRequest {
  const { firmwareConfiguration: configuration } = request;
  if (configuration === undefined || configuration === true) return request;
  const files = configuration.files?.map((each) =>
    each.file === undefined ? each : { ...each, file: resolve(folder, each.file) },
  );
  return { ...request, firmwareConfiguration: { ...configuration, ...(files !== undefined && { files }) } };
}

/** Whether a value has the shape of a {@link TestingRequest}. */
export const testingFits: Fits = (value) =>
  hasOnly(value, {
    debugExit: isAbsentOr(isTrueOr({ port: isAbsentOr(isNumber), bytes: isAbsentOr(isNumber) })),
    debugConsole: isAbsentOr(isTrueOr({ port: isAbsentOr(isNumber) })),
    postCard: isAbsentOr(isTrueOr({ port: isAbsentOr(isNumber) })),
    firmwareConfiguration: isAbsentOr(
      isTrueOr({
        files: isAbsentOr((files) => Array.isArray(files) && files.every(configurationFileFits)),
        uuid: isAbsentOr(isText),
        graphics: isAbsentOr(isFlag),
        bootMenu: isAbsentOr(isFlag),
      }),
    ),
    testDevice: isAbsentOr(isFlag),
    watchdogTells: isAbsentOr(isFlag),
  });

/** A whole number within limits, from a number or a text in decimal or hexadecimal digits. */
function within(value: number | string, place: string, least: number, most: number): number {
  const isWritten = typeof value === 'number' || /^(0x[0-9a-f]+|[0-9]+)$/i.test(value);
  const number = isWritten ? Number(value) : NaN;
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw new UserError(`"${value}" is no whole number from ${least} to ${most}`, {
    file: 'machine description',
    place: `testing.${place}`,
    nextStep: 'Give it as 244, or as 0xf4.',
  });
}

/** The description of what a user asked for; `read` reads a file. Throws {@link UserError}. */
export function describeTesting(request: TestingRequest, read: (file: string) => ImageDescription): TestingDescription {
  const { debugExit, debugConsole, postCard, firmwareConfiguration, testDevice, watchdogTells } = request;
  const exit = debugExit === true ? {} : debugExit;
  const console = debugConsole === true ? {} : debugConsole;
  const card = postCard === true ? {} : postCard;
  const bytes = within(exit?.bytes ?? defaults.exitBytes, 'debugExit.bytes', 1, 4);
  return {
    ...(exit && {
      debugExit: { port: within(exit.port ?? defaults.exitPort, 'debugExit.port', 0, ports - bytes), bytes },
    }),
    ...(console && {
      debugConsole: { port: within(console.port ?? defaults.consolePort, 'debugConsole.port', 0, ports - 1) },
    }),
    ...(card && { postCard: { port: within(card.port ?? defaults.cardPort, 'postCard.port', 0, ports - 1) } }),
    ...(firmwareConfiguration && {
      firmwareConfiguration: describeConfiguration(firmwareConfiguration === true ? {} : firmwareConfiguration, read),
    }),
    ...(testDevice === true && { testDevice }),
    ...(watchdogTells === true && { watchdogTells }),
  };
}

function describeConfiguration(
  { files = [], uuid, graphics, bootMenu }: ConfigurationRequest,
  read: (file: string) => ImageDescription,
): NonNullable<TestingDescription['firmwareConfiguration']> {
  return {
    files: files.map((each) => describeFile(each, read)),
    // As people write it, or as bare digits.
    ...(uuid !== undefined && { uuid: uuid.replaceAll('-', '').toLowerCase() }),
    ...(graphics === false && { graphics }),
    ...(bootMenu === true && { bootMenu }),
  };
}

function describeFile(
  { name, text, file }: ConfigurationFileRequest,
  read: (file: string) => ImageDescription,
): ConfigurationFile {
  if ((text === undefined) === (file === undefined)) {
    throw new UserError(`"${name}" is not one of a text and a file`, {
      file: 'machine description',
      place: 'testing.firmwareConfiguration.files',
      nextStep: 'Give { "name": …, "text": … } or { "name": …, "file": … }.',
    });
  }
  return file === undefined ? { name, text: text! } : { name, image: read(file) };
}

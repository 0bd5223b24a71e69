/** Property tests of device models: what the command line and users' own tests call. */
import { UserError } from '../../base/errors.js';
import { type CheckOptions, type CheckResult, checkSubject } from './check.js';
import { devices } from './devices.js';
import { decodeToken } from './token.js';

export { type CheckOptions, type CheckResult, checkSubject } from './check.js';
export type { DeviceModel, ModelObserver, Observer, PropertySubject, Step } from './subject.js';

/** The chips of this project that have property tests. */
export const deviceNames: readonly string[] = Object.keys(devices);

/**
 * Checks one chip of this project in every role it plays. With a token, only that case. Throws UserError for an unknown name
 * or a token that does not belong to this chip.
 */
export function checkDevice(name: string, options: CheckOptions = {}): CheckResult {
  const subjects = Object.hasOwn(devices, name) ? devices[name] : undefined;
  if (!subjects) {
    throw new UserError(`no device is named ${name}`, { nextStep: `Devices: ${deviceNames.join(', ')}.` });
  }
  const { token } = options;
  const chosen =
    token === undefined
      ? subjects
      : [subjects.find((each) => each.name === decodeToken(token).subject) ?? subjects[0]!];
  const results = chosen.map((subject) => checkSubject(subject, options));
  return {
    passed: results.every(({ passed }) => passed),
    runs: results.reduce((sum, { runs }) => sum + runs, 0),
    failures: results.flatMap(({ failures }) => failures),
  };
}

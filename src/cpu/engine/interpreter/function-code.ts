/** Small parts of functions of the module that try a common case, and give 0 where the slow path has to look. */
import { at, codeLineShift, regions } from '../../layout.js';
import { FunctionBody } from '../../wasm/body.js';
import { Code, type Operand, type Value } from '../../wasm/values.js';

/** A function over 32-bit numbers that gives one. */
export function functionOf(parameters: number, write: (code: Code, ...parameters: Value[]) => void): FunctionBody {
  const body = new FunctionBody(Array.from({ length: parameters }, () => 'i32' as const));
  const code = new Code(body);
  write(code, ...Array.from({ length: parameters }, (_, index) => code.local(index, 'i32')));
  body.op('unreachable');
  return body;
}

export const word = (code: Code, name: keyof typeof at): Value => code.loadLate('i32.load', 0, at[name]);
export const setWord = (code: Code, name: keyof typeof at, value: Operand): void =>
  code.store('i32.store', 0, value, at[name]);
export const giveUp = (code: Code, condition: Operand): void => code.when(condition, () => code.return(0));

/** Not 0 where the line of a host address holds decoded code. */
export const lineOf = (code: Code, host: Value): Value =>
  code.loadLate(
    'i32.load8_u',
    code.shrUnsigned(code.sub(host, word(code, 'ramBase')), codeLineShift),
    regions.codeLines,
  );
/** Not 0 where a line that an access of at most a line's bytes touches holds decoded code. */
export const touchesCode = (code: Code, host: Value, bytes: number): Value =>
  bytes === 1 ? lineOf(code, host) : code.or(lineOf(code, host), lineOf(code, code.add(host, bytes - 1)));

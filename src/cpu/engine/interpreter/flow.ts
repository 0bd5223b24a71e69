import type { FunctionBody, Label } from '../../wasm/body.js';
import type { Code, Value } from '../../wasm/values.js';
import { at, record } from '../../layout.js';

/** How a handler leaves: on to the next record, into another block, or out of the engine. */
export interface Flow {
  /** The record at hand. */
  readonly record: Value;
  next(code: Code): void;
  /** Goes to the start of a block, which then takes its cycles from the budget. */
  enter(code: Code, target: Value): void;
  exit(code: Code): void;
}

/** A handler as a function of its own: gives the next record, with bit 0 set where a block starts, or 0 to leave. */
export function outlineFlow(recordValue: Value): Flow {
  return {
    record: recordValue,
    next: (code) => code.return(code.add(recordValue, record.bytes)),
    enter: (code, target) => code.return(code.or(target, 1)),
    exit: (code) => code.return(0),
  };
}

/** A handler inside the dispatching function: plain branches. */
export function inlineFlow(
  body: FunctionBody,
  recordLocal: number,
  recordValue: Value,
  next: Label,
  enter: Label,
): Flow {
  return {
    record: recordValue,
    next(code) {
      code.add(recordValue, record.bytes).push(body);
      body.setLocal(recordLocal);
      body.branch(next);
    },
    enter(_code, target) {
      target.push(body);
      body.setLocal(recordLocal);
      body.branch(enter);
    },
    exit: (code) => code.return(),
  };
}

/** Stores why the engine returns. */
export function setExit(code: Code, reason: number): void {
  code.store('i32.store', 0, reason, at.exit);
}

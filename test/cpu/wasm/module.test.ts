/** The encoder, judged by the host's own decoder: what it writes compiles and computes what was said. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FunctionBody } from '../../../src/cpu/wasm/body.js';
import { ByteWriter } from '../../../src/cpu/wasm/bytes.js';
import { ModuleWriter } from '../../../src/cpu/wasm/module.js';
import { Code, type Value } from '../../../src/cpu/wasm/values.js';

const binary = { parameters: ['i32', 'i32'], results: ['i32'] } as const;
const memory = new WebAssembly.Memory({ initial: 1 });

/** Compiles one function of two numbers. */
function compile(write: (code: Code, a: Value, b: Value) => void): (a: number, b: number) => number {
  const module = new ModuleWriter();
  const index = module.declareFunction(binary, 'f');
  const body = new FunctionBody(binary.parameters);
  const code = new Code(body);
  write(code, code.local(0, 'i32'), code.local(1, 'i32'));
  body.op('unreachable');
  module.defineFunction(index, body);
  const compiled = new WebAssembly.Module(module.finish() as BufferSource);
  const { f } = new WebAssembly.Instance(compiled, { environment: { memory } }).exports;
  return f as (a: number, b: number) => number;
}

const i32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });

test('constants of any size survive their encoding', () => {
  fc.assert(
    fc.property(i32, (value) => {
      expect(compile((code) => code.return(code.i32(value)))(0, 0)).toBe(value);
    }),
    { numRuns: 60 },
  );
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (value) => {
      const low = compile((code) => code.return(code.narrow(code.hold(code.i64(value)))))(0, 0);
      expect(low).toBe(Number(BigInt.asIntN(32, value)));
    }),
    { numRuns: 60 },
  );
});
test('unsigned numbers are written as LEB128', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (value) => {
      const writer = new ByteWriter(1);
      writer.unsigned(value);
      const read = [...writer.finish()].reduce((sum, byte, index) => sum + (byte & 0x7f) * 2 ** (7 * index), 0);
      expect(read).toBe(value);
    }),
  );
});

const folding = ['add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'shrUnsigned', 'shrSigned'] as const;
test('operations on constants are folded to what the engine computes', () => {
  for (const operation of folding) {
    const computed = compile((code, a, b) => code.return(code[operation](a, b)));
    fc.assert(
      fc.property(i32, i32, (a, b) => {
        const code = new Code(new FunctionBody([]));
        const folded = code[operation](a, b).constant;
        expect(folded).toBe(computed(a, b));
      }),
      { numRuns: 50 },
    );
  }
});
test('branches, loops, variables and memory do what they say', () => {
  // The sum of the numbers from a down to 1, by way of memory; b where a is not positive.
  const sum = compile((code, a, b) => {
    code.when(code.lessSigned(a, 1), () => code.return(b));
    code.store('i32.store', 0, 0, 64);
    const left = code.variable(a);
    code.loop((again) => {
      code.store('i32.store', 0, code.add(code.loadLate('i32.load', 0, 64), left), 64);
      left.set(code.sub(left, 1));
      code.when(left, again);
    });
    code.return(code.load('i32.load', 0, 64));
  });
  expect([sum(10, 0), sum(0, 7), sum(1, 0)]).toEqual([55, 7, 1]);
});
test('a value is computed where it is used, and a held one where it was held', () => {
  const late = compile((code, a) => {
    code.store('i32.store', 0, a, 128);
    const [held, loose] = [code.load('i32.load', 0, 128), code.loadLate('i32.load', 0, 128)];
    code.store('i32.store', 0, 1, 128);
    code.return(code.sub(held, loose));
  });
  expect(late(100, 0)).toBe(99);
});
test('a table of branches and calls through the table reach their targets', () => {
  const module = new ModuleWriter();
  const type = module.typeIndex(binary);
  const index = module.declareFunction(binary, 'f');
  const targets = [3, 5].map((factor) => {
    const target = module.declareFunction(binary);
    const body = new FunctionBody(binary.parameters);
    const code = new Code(body);
    code.return(code.mul(code.local(0, 'i32'), factor));
    body.op('unreachable');
    module.defineFunction(target, body);
    return target;
  });
  const body = new FunctionBody(binary.parameters);
  const code = new Code(body);
  const outer = body.open('block');
  const inner = body.open('block');
  body.getLocal(1);
  body.branchTable([inner, inner], outer);
  body.close();
  body.getLocal(0);
  body.getLocal(1);
  body.getLocal(1);
  body.callIndirect(type);
  body.op('return');
  body.close();
  code.return(-1);
  body.op('unreachable');
  module.defineFunction(index, body);
  module.setTable(targets);
  const compiled = new WebAssembly.Module(module.finish() as BufferSource);
  const { f } = new WebAssembly.Instance(compiled, { environment: { memory } }).exports;
  const call = f as (a: number, b: number) => number;
  expect([call(7, 0), call(7, 1), call(7, 2)]).toEqual([21, 35, -1]);
});

test('vectors and floating-point numbers are written as the host reads them', () => {
  const bytes = new Uint8Array(memory.buffer, 64, 16);
  const from = Array.from({ length: 16 }, (_, index) => index * 3);
  const run = (write: (code: Code) => Value): number[] => {
    compile((code) => {
      code.store('v128.store', 64, write(code));
      code.return(0);
    })(0, 0);
    return [...bytes];
  };
  expect(run((code) => code.v128(from))).toEqual(from);
  const reversed = Array.from({ length: 16 }, (_, index) => 31 - index);
  expect(run((code) => code.shuffle(code.v128(new Array<number>(16).fill(0)), code.v128(from), reversed))).toEqual(
    [...from].reverse(),
  );
  expect(run((code) => code.apply('i16x8.extadd_pairwise_i8x16_u', code.v128(from))).slice(14)).toEqual([87, 0]);
  const doubles = run((code) => code.apply('f64x2.mul', code.apply('f64x2.splat', code.f64(1.5)), code.v128(from)));
  const factors = new Float64Array(Uint8Array.from(from).buffer);
  expect([...new Float64Array(Uint8Array.from(doubles).buffer)]).toEqual([...factors].map((each) => each * 1.5));
  const replaced = run((code) =>
    code.replaceLane('i32x4.replace_lane', 2, code.v128(from), code.apply('i32.reinterpret_f32', code.f32(1))),
  );
  expect(replaced.slice(8, 12)).toEqual([0, 0, 0x80, 0x3f]);
  const stored = compile((code, a) => {
    code.storeFirstLane(4, 64, code.replaceLane('i32x4.replace_lane', 0, code.v128(from), a));
    code.return(code.extractLane('i32x4.extract_lane', 1, code.load('v128.load', 60)));
  });
  expect(stored(-77, 0)).toBe(-77);
});

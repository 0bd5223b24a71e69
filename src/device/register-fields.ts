/** Fields of an 8-bit register as data: each becomes a pure function of the register's value, and a word in print. */
export interface RegisterField<T> {
  readonly decode: (value: number) => T;
}

/** One bit, 0 to 7. */
export const bit = (at: number): RegisterField<boolean> => ({ decode: (value) => ((value >> at) & 1) !== 0 });

/** Bits `high` down to `low` as a number. */
export const bits = (high: number, low: number): RegisterField<number> => ({
  decode: (value) => (value >> low) & ((1 << (high - low + 1)) - 1),
});

/** Bits `high` down to `low` as one of as many names as they have values. */
export function choice<const Name extends string | number>(
  high: number,
  low: number,
  names: readonly Name[],
): RegisterField<Name> {
  const number = bits(high, low);
  return { decode: (value) => names[number.decode(value)]! };
}

/** A register's layout: its name in the datasheet, and its fields. */
export interface RegisterLayout<Fields> {
  readonly name: string;
  /** All fields of a value. */
  readonly decode: (value: number) => Fields;
  /** The fields of a value in words: `mode=2 bcd=false`. */
  readonly print: (value: number) => string;
}

/** Declares a register's layout. */
export function register<Fields extends object>(
  name: string,
  fields: { readonly [Field in keyof Fields]: RegisterField<Fields[Field]> },
): RegisterLayout<Fields> {
  const names = Object.keys(fields) as (keyof Fields & string)[];
  // Every value's fields are worked out once: guests poll status registers.
  const table = Array.from({ length: 256 }, (_, value) =>
    Object.freeze(Object.fromEntries(names.map((field) => [field, fields[field].decode(value)])) as Fields),
  );
  const decode = (value: number): Fields => table[value & 0xff]!;
  return {
    name,
    decode,
    print: (value) =>
      Object.entries(decode(value))
        .map(([field, each]) => `${field}=${each}`)
        .join(' '),
  };
}

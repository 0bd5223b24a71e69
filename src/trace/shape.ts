/** Shapes of decoded payloads: each checks a value nobody has vouched for yet, and gives it its type. */

/** A decoded value that does not have the declared shape. */
export class ShapeError extends Error {
  override name = 'ShapeError';
}

/** Returns the value as a `T`, or throws {@link ShapeError} naming its path. */
export type Shape<T> = (value: unknown, path: string) => T;

/** The type that a shape lets through. */
export type ShapeOf<S> = S extends Shape<infer T> ? T : never;

function refuse(path: string, wanted: string): never {
  throw new ShapeError(`${path} is not ${wanted}`);
}

/** An integer from `least` to `most`. */
export const integer =
  (least: number, most: number): Shape<number> =>
  (value, path) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most
      ? value
      : refuse(path, `an integer from ${least} to ${most}`);

/** A string of at most `most` UTF-16 units that matches `pattern`. */
export const text =
  (most: number, pattern = /^/, wanted = `text of at most ${most} characters`): Shape<string> =>
  (value, path) =>
    typeof value === 'string' && value.length <= most && pattern.test(value) ? value : refuse(path, wanted);

/** A SHA-256 as 64 lower-case hexadecimal digits. */
export const digest: Shape<string> = text(64, /^[0-9a-f]{64}$/, 'a digest of 64 hexadecimal digits');

/** A short name that is safe in a report. */
export const name: Shape<string> = text(32, /^[A-Za-z][A-Za-z0-9.-]*$/, 'a name of at most 32 letters and digits');

export const yesNo: Shape<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : refuse(path, 'true or false');

/** One of some values. */
export const choice =
  <const Values extends readonly string[]>(...values: Values): Shape<Values[number]> =>
  (value, path) =>
    values.find((each) => each === value) ?? refuse(path, `one of ${values.join(', ')}`);

/** From `least` to `most` bytes. */
export const bytes =
  (least: number, most: number): Shape<Uint8Array> =>
  (value, path) =>
    value instanceof Uint8Array && value.length >= least && value.length <= most
      ? new Uint8Array(value)
      : refuse(path, `${least} to ${most} bytes`);

/** At most `most` values of one shape. */
export const list =
  <T>(most: number, each: Shape<T>): Shape<readonly T[]> =>
  (value, path) =>
    Array.isArray(value) && value.length <= most
      ? value.map((item, at) => each(item, `${path}[${at}]`))
      : refuse(path, `a list of at most ${most} values`);

/** Exactly these values, in this order. */
export const tuple =
  <const Shapes extends readonly Shape<unknown>[]>(
    ...shapes: Shapes
  ): Shape<{ readonly [At in keyof Shapes]: ShapeOf<Shapes[At]> }> =>
  (value, path) =>
    Array.isArray(value) && value.length === shapes.length
      ? (shapes.map((shape, at) => shape(value[at], `${path}[${at}]`)) as never)
      : refuse(path, `a list of ${shapes.length} values`);

/** At most `most` values of one shape, by name. */
export const dictionary =
  <T>(most: number, each: Shape<T>): Shape<Readonly<Record<string, T>>> =>
  (value, path) => {
    const entries = entriesOf(value, path);
    if (entries.length > most) refuse(path, `a table of at most ${most} names`);
    return Object.fromEntries(
      entries.map(([key, item]) => [name(key, `a name in ${path}`), each(item, `${path}.${key}`)]),
    );
  };

/** Named values, all present. */
export const record =
  <Shapes extends Readonly<Record<string, Shape<unknown>>>>(
    shapes: Shapes,
  ): Shape<{ readonly [Name in keyof Shapes]: ShapeOf<Shapes[Name]> }> =>
  (value, path) =>
    checkNames(value, path, shapes, true) as never;

/** Named values, any of which may be absent. */
export const optionalRecord =
  <Shapes extends Readonly<Record<string, Shape<unknown>>>>(
    shapes: Shapes,
  ): Shape<{ readonly [Name in keyof Shapes]?: ShapeOf<Shapes[Name]> }> =>
  (value, path) =>
    checkNames(value, path, shapes, false) as never;

/** Named values: those of `needed` all present, any of those of `optional`. */
export const recordWith =
  <Needed extends Readonly<Record<string, Shape<unknown>>>, Optional extends Readonly<Record<string, Shape<unknown>>>>(
    needed: Needed,
    optional: Optional,
  ): Shape<
    { readonly [Name in keyof Needed]: ShapeOf<Needed[Name]> } & {
      readonly [Name in keyof Optional]?: ShapeOf<Optional[Name]>;
    }
  > =>
  (value, path) => {
    const given = entriesOf(value, path);
    const mine = (shapes: Readonly<Record<string, unknown>>, owned: boolean): Record<string, unknown> =>
      Object.fromEntries(given.filter(([key]) => Object.hasOwn(shapes, key) === owned));
    return {
      ...checkNames(mine(optional, false), path, needed, true),
      ...checkNames(mine(optional, true), path, optional, false),
    } as never;
  };

function checkNames(
  value: unknown,
  path: string,
  shapes: Readonly<Record<string, Shape<unknown>>>,
  all: boolean,
): Record<string, unknown> {
  const given = new Map(entriesOf(value, path));
  const checked: Record<string, unknown> = {};
  for (const [key, shape] of Object.entries(shapes)) {
    if (given.has(key)) checked[key] = shape(given.get(key), `${path}.${key}`);
    else if (all) refuse(`${path}.${key}`, 'there');
    given.delete(key);
  }
  const [stranger] = given.keys();
  if (stranger !== undefined) refuse(path, `free of the unknown name ${JSON.stringify(stranger.slice(0, 32))}`);
  return checked;
}

function entriesOf(value: unknown, path: string): [string, unknown][] {
  const plain = typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
  return plain ? Object.entries(value) : refuse(path, 'a table');
}

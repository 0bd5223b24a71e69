import { assert } from '../../base/assert.js';
import { type ByteWriter, finishWriter, giveBack, takeWriter } from './bytes.js';
import type { FunctionBody } from './body.js';
import { valueTypes, type ValueType } from './opcodes.js';

/** A function's parameters and results. */
export interface Signature {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

interface FunctionEntry {
  readonly typeIndex: number;
  body: Uint8Array | undefined;
  exportName: string | undefined;
}

/**
 * Writes a WebAssembly module: one imported memory, imported functions, defined functions, and one table of its own
 * for indirect calls. Imports must be declared before the first defined function, as the index space demands.
 */
export class ModuleWriter {
  private readonly types: string[] = [];
  private readonly signatures: Signature[] = [];
  private readonly imports: { module: string; name: string; typeIndex: number }[] = [];
  /** The import section, where it is that of another module. */
  private importSection: Uint8Array | undefined;
  private readonly functions: FunctionEntry[] = [];
  private tableElements: readonly number[] = [];
  private importedTable: { readonly name: string; readonly length: number } | undefined;

  /** A module with the same imports, and no functions yet. */
  withSameImports(): ModuleWriter {
    const other = new ModuleWriter();
    other.types.push(...this.types);
    other.signatures.push(...this.signatures);
    other.imports.push(...this.imports);
    other.importedTable = this.importedTable;
    other.importSection = this.importSection ??= this.writeImports();
    return other;
  }

  /** The index of a signature in the type section. */
  typeIndex(signature: Signature): number {
    const key = `${signature.parameters.join()}:${signature.results.join()}`;
    const known = this.types.indexOf(key);
    if (known >= 0) return known;
    this.types.push(key);
    this.signatures.push(signature);
    return this.types.length - 1;
  }
  /** Declares an imported function; returns its index. */
  importFunction(module: string, name: string, signature: Signature): number {
    assert(this.functions.length === 0, 'imports come before defined functions');
    this.importSection = undefined;
    this.imports.push({ module, name, typeIndex: this.typeIndex(signature) });
    return this.imports.length - 1;
  }
  /** Reserves a function index, so that bodies may call each other. */
  declareFunction(signature: Signature, exportName?: string): number {
    this.functions.push({ typeIndex: this.typeIndex(signature), body: undefined, exportName });
    return this.imports.length + this.functions.length - 1;
  }
  defineFunction(index: number, body: FunctionBody): void {
    this.defineEncoded(index, body.finish());
  }
  /** The same with a finished body. */
  defineEncoded(index: number, body: Uint8Array): void {
    const entry = this.functions[index - this.imports.length];
    assert(entry !== undefined && entry.body === undefined, 'a declared function is defined once');
    entry.body = body;
  }
  /** Imports a table of functions as `environment.name`; it is table 0, and one of the module's own comes after it. */
  importTable(name: string, length: number): void {
    this.importedTable = { name, length };
  }
  /** The number of the module's own table. */
  get ownTable(): number {
    return this.importedTable === undefined ? 0 : 1;
  }
  /** The functions that indirect calls reach, by index in the module's own table. */
  setTable(functionIndexes: readonly number[]): void {
    this.tableElements = functionIndexes;
  }

  /** The module's bytes; the memory is imported as `environment.memory`. */
  finish(): Uint8Array {
    const out = takeWriter();
    out.bytes([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
    section(out, 1, this.signatures, (writer, signature) => {
      writer.byte(0x60);
      for (const list of [signature.parameters, signature.results]) {
        writer.unsigned(list.length);
        for (const type of list) writer.byte(valueTypes[type]);
      }
    });
    out.bytes(this.importSection ?? this.writeImports());
    section(out, 3, this.functions, (writer, entry) => writer.unsigned(entry.typeIndex));
    if (this.tableElements.length > 0) {
      section<number>(out, 4, [this.tableElements.length], (writer, length) => {
        writer.bytes([0x70, 0x01]);
        writer.unsigned(length);
        writer.unsigned(length);
      });
    }
    const exported = this.functions.filter((entry) => entry.exportName !== undefined);
    section(out, 7, exported, (writer, entry) => {
      writer.name(entry.exportName!);
      writer.byte(0x00);
      writer.unsigned(this.imports.length + this.functions.indexOf(entry));
    });
    if (this.tableElements.length > 0) {
      section<readonly number[]>(out, 9, [this.tableElements], (writer, elements) => {
        if (this.ownTable === 0) writer.bytes([0x00, 0x41, 0x00, 0x0b]);
        else writer.bytes([0x02, this.ownTable, 0x41, 0x00, 0x0b, 0x00]); // Of functions, by index.
        writer.unsigned(elements.length);
        for (const element of elements) writer.unsigned(element);
      });
    }
    section(out, 10, this.functions, (writer, entry) => {
      assert(entry.body !== undefined, 'every declared function is defined');
      writer.unsigned(entry.body.length);
      writer.bytes(entry.body);
    });
    return finishWriter(out);
  }
  private writeImports(): Uint8Array {
    const out = takeWriter();
    const memory = { module: 'environment', name: 'memory' };
    const { importedTable } = this;
    const table = importedTable === undefined ? [] : [{ module: 'environment', ...importedTable }];
    section<{ module: string; name: string; typeIndex?: number; length?: number }>(
      out,
      2,
      [memory, ...table, ...this.imports],
      (writer, entry) => {
        writer.name(entry.module);
        writer.name(entry.name);
        if (entry.typeIndex !== undefined) {
          writer.byte(0x00);
          writer.unsigned(entry.typeIndex);
        } else if (entry.length !== undefined) {
          writer.bytes([0x01, 0x70, 0x00]);
          writer.unsigned(entry.length);
        } else writer.bytes([0x02, 0x00, 0x01]); // A memory of at least one page; the instance brings the real size.
      },
    );
    return finishWriter(out);
  }
}

function section<T>(
  out: ByteWriter,
  id: number,
  entries: readonly T[],
  write: (writer: ByteWriter, entry: T) => void,
): void {
  const content = takeWriter();
  content.unsigned(entries.length);
  for (const entry of entries) write(content, entry);
  out.byte(id);
  out.unsigned(content.length);
  out.append(content);
  giveBack(content);
}

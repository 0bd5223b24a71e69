/**
 * The rules of `tidy.test.ts`: each reads one source file, given by its path in the repository and its text, and returns
 * one sentence a violation. They work on the syntax tree, so words in comments and strings do not count unless said.
 */
import { posix } from 'node:path';
import ts from 'typescript';
import { hostRooms, narrowFolders, rooms, separateSubfolders, sizeExceptions, sizeLimits } from './import-rules.js';

/** A source file: its path in the repository, with forward slashes, and its text. */
export interface SourceText {
  readonly path: string;
  readonly text: string;
}

/** A check of one file; every string returned is one violation. */
export type Rule = (file: SourceText) => string[];

function parse(file: SourceText): ts.SourceFile {
  return ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ES2022, true);
}

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

function at(source: ts.SourceFile, node: ts.Node): string {
  return `${source.fileName}:${source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1}`;
}

/** The module names that a file imports or re-exports, statically or dynamically, with where. */
function importsOf(source: ts.SourceFile): { readonly name: string; readonly where: string }[] {
  const found: { name: string; where: string }[] = [];
  walk(source, (node) => {
    const specifier =
      ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
        ? node.moduleSpecifier
        : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
          ? node.arguments[0]
          : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
            ? node.argument.literal
            : undefined;
    if (specifier && ts.isStringLiteral(specifier)) found.push({ name: specifier.text, where: at(source, node) });
  });
  return found;
}

const roomOf = (pathInSource: string): string => pathInSource.split('/')[0] ?? '';

/** The subfolder that `separateSubfolders` keeps apart, such as `device/pit`; undefined outside one. */
function separateFolder(pathInSource: string): string | undefined {
  const parent = separateSubfolders.find((folder) => pathInSource.startsWith(folder));
  if (parent === undefined) return undefined;
  const rest = pathInSource.slice(parent.length).split('/');
  return rest.length > 1 ? parent + rest[0] : undefined;
}

function directionViolation(from: string, to: string): string | undefined {
  const fromRank = rooms.findIndex((room) => room === roomOf(from));
  const toRank = rooms.findIndex((room) => room === roomOf(to));
  if (fromRank < 0) return `${roomOf(from)}/ is not a room`;
  if (toRank < 0) return `imports ${to}, which is in no room`;
  if (toRank > fromRank) return `${roomOf(from)}/ may not import ${roomOf(to)}/, which comes after it`;
  const narrow = narrowFolders.find(({ folder }) => from.startsWith(folder));
  if (narrow && !narrow.only.some((prefix) => to.startsWith(prefix))) return `may not import ${to}: ${narrow.why}`;
  const [fromFolder, toFolder] = [separateFolder(from), separateFolder(to)];
  if (fromFolder && toFolder && fromFolder !== toFolder) return `${fromFolder} may not import ${toFolder}`;
  return undefined;
}

/** Imports of `src/` point up the room list, and Node's own modules stay in the rooms that know the host. */
export const importDirection: Rule = (file) => {
  if (!file.path.startsWith('src/')) return [];
  const from = file.path.slice('src/'.length);
  return importsOf(parse(file)).flatMap(({ name, where }) => {
    if (name.startsWith('node:')) {
      return hostRooms.includes(roomOf(from)) ? [] : [`${where}: ${name} belongs to ${hostRooms.join(' and ')} only`];
    }
    if (!name.startsWith('.')) return [];
    const violation = directionViolation(from, posix.join(posix.dirname(from), name));
    return violation === undefined ? [] : [`${where}: ${violation}`];
  });
};

const hostGlobals = new Set(['Date', 'performance', 'process', 'setTimeout', 'setInterval', 'setImmediate', 'crypto']);

/** Functions whose last bits the language leaves to the host. */
const inexactMath = new Set(
  'random sin cos tan asin acos atan atan2 sinh cosh tanh exp expm1 log log1p log2 log10 cbrt hypot'.split(' '),
);

function isPlainUse(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  const names = ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isMethodDeclaration(parent);
  if (names || ts.isPropertyDeclaration(parent) || ts.isMethodSignature(parent)) return parent.name !== node;
  return !ts.isBindingElement(parent) && !ts.isQualifiedName(parent);
}

/** No clock, randomness or inexact arithmetic of the host in a room that must run equally everywhere. */
export const hostFreedom: Rule = (file) => {
  if (!file.path.startsWith('src/') || hostRooms.includes(roomOf(file.path.slice('src/'.length)))) return [];
  const source = parse(file);
  const found: string[] = [];
  walk(source, (node) => {
    if (ts.isIdentifier(node) && hostGlobals.has(node.text) && isPlainUse(node)) {
      found.push(`${at(source, node)}: ${node.text} belongs to the host`);
    }
    if (!ts.isPropertyAccessExpression(node) || !ts.isIdentifier(node.expression)) return;
    if (node.expression.text === 'Math' && inexactMath.has(node.name.text)) {
      found.push(`${at(source, node)}: Math.${node.name.text} differs between hosts`);
    }
    if (node.expression.text === 'globalThis' && hostGlobals.has(node.name.text)) {
      found.push(`${at(source, node)}: ${node.name.text} belongs to the host`);
    }
  });
  return found;
};

const leftoverWords = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`);
const testFunctions = new Set(['test', 'it', 'describe', 'suite']);

/** Nothing half-done stays: marks in the text, a test left alone or left out, a debugger statement. */
export const leftovers: Rule = (file) => {
  const found = file.text.split('\n').flatMap((line, index) => {
    const word = leftoverWords.exec(line)?.[1];
    return word === undefined ? [] : [`${file.path}:${index + 1}: ${word} is left over`];
  });
  const source = parse(file);
  walk(source, (node) => {
    if (ts.isDebuggerStatement(node)) found.push(`${at(source, node)}: debugger is left over`);
    if (!ts.isPropertyAccessExpression(node) || !['only', 'skip', 'todo'].includes(node.name.text)) return;
    const owner = node.expression.getText(source).split('.')[0] ?? '';
    if (testFunctions.has(owner)) found.push(`${at(source, node)}: ${owner}.${node.name.text} is left over`);
  });
  return found;
};

/** Absolute paths of somebody's computer. */
const hostPath = /(?<![\w.~/-])\/(?:home|root|Users|work|mnt)\/[\w.-]+/;

/** No path of the computer on which the code was written. */
export const hostPaths: Rule = (file) =>
  file.text.split('\n').flatMap((line, index) => {
    const path = hostPath.exec(line)?.[0];
    return path === undefined ? [] : [`${file.path}:${index + 1}: ${path} is a path of one computer`];
  });

/** No file longer than the limit, unless listed with a reason. */
export const fileSize: Rule = (file) => {
  const lines = file.text.replace(/\n$/, '').split('\n').length;
  if (lines <= sizeLimits.fileLinesMax || file.path in sizeExceptions.files) return [];
  return [`${file.path}: ${lines} lines, more than ${sizeLimits.fileLinesMax}`];
};

/** A function's lines without the functions inside it: a factory of small functions is small. */
function ownLines(source: ts.SourceFile, body: ts.Node): number {
  const line = (position: number): number => source.getLineAndCharacterOfPosition(position).line;
  let inner = 0;
  const subtract = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) inner += line(node.getEnd()) - line(node.getStart(source));
    else ts.forEachChild(node, subtract);
  };
  ts.forEachChild(body, subtract);
  return line(body.getEnd()) - line(body.getStart(source)) + 1 - inner;
}

/** No function of `src/` longer than the limit, unless listed with a reason as `path#name`. */
export const functionSize: Rule = (file) => {
  if (!file.path.startsWith('src/')) return [];
  const source = parse(file);
  const found: string[] = [];
  walk(source, (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return;
    const lines = ownLines(source, node);
    const name = node.name?.getText(source) ?? '(anonymous)';
    if (lines <= sizeLimits.functionLinesMax || `${file.path}#${name}` in sizeExceptions.functions) return;
    found.push(`${at(source, node)}: ${name} has ${lines} lines, more than ${sizeLimits.functionLinesMax}`);
  });
  return found;
};

/** The rules for one file at a time, by the sentence that a failing test shows. */
export const rules: Readonly<Record<string, Rule>> = {
  'imports point up the room list': importDirection,
  'no host clock, randomness or inexact arithmetic outside the rooms that know the host': hostFreedom,
  'nothing half-done is left over': leftovers,
  'no path of one computer is written down': hostPaths,
  'files stay within their limit': fileSize,
  'functions stay within their limit': functionSize,
};

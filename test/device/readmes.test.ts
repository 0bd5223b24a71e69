/** A folder of a chip says in its README what the chip leaves out: the very phrases of its definitions. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const rooms = fileURLToPath(new URL('../../src/device/', import.meta.url));
const folders = readdirSync(rooms, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const phrasesOf = (exported: unknown): readonly string[] =>
  typeof exported === 'object' && exported !== null && 'notModelled' in exported
    ? (exported.notModelled as readonly string[])
    : [];

/** What the definitions of a folder leave out, each phrase once. */
async function leftOut(folder: string): Promise<string[]> {
  const files = readdirSync(`${rooms}${folder}`).filter((name) => name.endsWith('.ts'));
  const modules = await Promise.all(
    files.map((name) => import(`../../src/device/${folder}/${name}`) as Promise<Record<string, unknown>>),
  );
  return [...new Set(modules.flatMap((module) => Object.values(module)).flatMap(phrasesOf))];
}

test.each(folders)('the README of %s lists what is not modelled', { timeout: 60_000 }, async (folder) => {
  const readme = readFileSync(`${rooms}${folder}/README.md`, 'utf8');
  const [, section] = readme.split(/^## Not modelled$/m);
  expect(section, `${folder}/README.md has a section "Not modelled"`).toBeDefined();
  const listed = section!
    .split(/^- /m)
    .slice(1)
    .map((item) => item.trim());
  for (const phrase of await leftOut(folder)) expect(listed).toContain(phrase);
  expect(listed.length).toBeGreaterThan(0);
});

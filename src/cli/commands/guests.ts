import { guestFolders, listGuests } from '../../host/guests.js';
import { isThere } from '../../host/files.js';
import { defineCommand } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { createReport } from '../report.js';

/** `guests`: what suites could boot on this computer. */
export const guests = defineCommand({
  builder: (yargs) => yargs.positional('action', { choices: ['list'] as const, default: 'list' as const }),
  async handler({ json }) {
    const report = createReport(json);
    const folders = guestFolders();
    const found = listGuests(folders);
    for (const { name, size, sha256 } of found) report.line(`${sha256}  ${String(size).padStart(10)}  ${name}`);
    report.note('Looked for in:');
    for (const folder of folders) report.note(`  ${folder}${isThere(folder) ? '' : ' (absent)'}`);
    report.document({ folders, guests: found });
    return exitCodes.passed;
  },
});

import { findTool, type ToolName } from '../src/app/toolchain.ts';

// Prints where the tools that are named as arguments stand; says which is missing, and exits 1.
try {
  for (const name of process.argv.slice(2)) console.log(findTool(name as ToolName).path);
} catch (error) {
  console.error(`penstock setup: ${(error as Error).message}`);
  process.exitCode = 1;
}

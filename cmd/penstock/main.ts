import { penstockProgram } from '../../src/app/command-line.ts';
import { runProgram } from '../../src/app/program.ts';

process.exitCode = await runProgram(penstockProgram(), process.argv);

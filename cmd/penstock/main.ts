import { runProgram } from '../../src/app/program.ts';

process.exitCode = await runProgram(process.argv);

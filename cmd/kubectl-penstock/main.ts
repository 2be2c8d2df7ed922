import { kubectlProgram } from '../../src/app/command-line.ts';
import { runProgram } from '../../src/app/program.ts';

process.exitCode = await runProgram(kubectlProgram(), process.argv);

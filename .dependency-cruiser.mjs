// Which room may import which. tools/check/imports.ts runs these rules and sees to it that every module was read.

// Tests, and what only tests use.
const TEST = '(\\.test|-fixture)\\.tsx?$';
// Rooms that stand at the edge, each in front of one foreign system.
const ADAPTER =
  '(?:admin|discovery|fallback-cache|istio|kubernetes|model-server|notify|otlp|security|signals|specs|state|xds)';

/** A rule on what the code of a room (its tests apart) imports. */
function forbid(name, comment, from, to) {
  return { name, severity: 'error', comment, from: { pathNot: [TEST], ...from }, to };
}

export default {
  forbidden: [
    forbid(
      'core-stays-inside',
      'The core is pure: it imports itself, and its translation the generated protobuf messages.',
      { path: '^src/core/' },
      { path: '^(src|cmd|bench|chaos|e2e|fuzz|proof|tools)/', pathNot: ['^src/core/', '^src/gen/'] },
    ),
    forbid(
      'messages-only-in-translation',
      'The core speaks protobuf at one place, its translation.',
      { path: '^src/core/', pathNot: [TEST, '^src/core/translate/'] },
      { path: '^src/gen/' },
    ),
    forbid(
      'core-does-no-io',
      'No file, no socket, no clock, no randomness in the core: they come in as arguments.',
      { path: '^src/core/' },
      // Of node:crypto, biome.json lets the core have the hashes.
      { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    ),
    forbid(
      'core-needs-little',
      'Of packages the core may import what computes and does nothing else.',
      { path: '^src/core/' },
      {
        dependencyTypes: ['npm', 'npm-dev', 'npm-optional'],
        pathNot: '/node_modules/|^node_modules/(zod|yaml|@bufbuild/protobuf)/',
      },
    ),
    forbid(
      'policies-are-strangers',
      'A policy never imports a sibling; what two share stands above them.',
      { path: '^src/core/policy/([^/]+)/' },
      { path: '^src/core/policy/[^/]+/', pathNot: '^src/core/policy/$1/' },
    ),
    forbid(
      'adapters-are-strangers',
      'An adapter imports the core, itself and the gRPC server. Who needs two of them declares ports, and src/app wires.',
      { path: `^src/(${ADAPTER})/` },
      { path: '^src/', pathNot: ['^src/$1/', '^src/core/', '^src/gen/', '^src/grpc/'] },
    ),
    forbid(
      'grpc-knows-bytes',
      'The gRPC server carries bytes; what they mean is for those who use it.',
      { path: '^src/grpc/' },
      { path: '^src/', pathNot: '^src/grpc/' },
    ),
    forbid(
      'controller-knows-ports',
      'The loop imports the core; adapters reach it through the ports that it declares.',
      { path: '^src/controller/' },
      { path: '^src/', pathNot: ['^src/controller/', '^src/core/'] },
    ),
    forbid(
      'cli-talks-http',
      'The command line reads specs with the core and asks the server over HTTP.',
      { path: '^src/cli/' },
      { path: '^src/', pathNot: ['^src/cli/', '^src/core/', '^src/specs/'] },
    ),
    forbid(
      'dashboard-knows-the-wire',
      'The dashboard runs in a browser: it shares with the server only what goes over the wire.',
      { path: '^src/dashboard/' },
      { path: '^src/', pathNot: ['^src/dashboard/', '^src/core/', '^src/admin/(wire|schema)'] },
    ),
    forbid(
      'programs-start-rooms',
      'A main is arguments → application.',
      { path: '^cmd/' },
      { path: '^(src|bench|chaos|e2e|fuzz|proof|tools)/', pathNot: '^src/(app|model-server)/' },
    ),
    forbid(
      'source-knows-no-harness',
      'What is shipped imports neither tests nor benchmarks nor tools.',
      { path: '^(src|cmd)/' },
      { path: ['^(bench|chaos|e2e|fuzz|proof|tools)/', TEST] },
    ),
    forbid(
      'no-development-packages',
      'What is shipped runs without the development dependencies; the dashboard is bundled.',
      { path: '^(src|cmd)/', pathNot: [TEST, '^src/dashboard/'] },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    ),
    {
      name: 'no-circle',
      severity: 'error',
      comment: 'Modules that import each other are one module, or hide a third.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphan',
      severity: 'error',
      comment: 'Nobody imports it and it imports nothing.',
      from: {
        orphan: true,
        pathNot: [
          TEST,
          '^node_modules/',
          '^src/dashboard/public/',
          '\\.d\\.ts$',
          '(^|/)(main|index)\\.tsx?$',
          '\\.config\\.ts$',
        ],
      },
      to: {},
    },
    {
      name: 'no-riddle',
      severity: 'error',
      comment: 'An import that leads nowhere.',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    // TypeScript 7 has no compiler API to parse with.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: ['node_modules', '^src/gen/'] },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.d.ts'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};

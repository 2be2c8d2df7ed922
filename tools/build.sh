#!/bin/sh
# Compiles to dist/ and puts the launchers into bin/. Run by `make build` through tools/run.sh, in the checkout.
set -eu

tsc -p tsconfig.build.json
mkdir -p dist/src
rm -rf dist/src/gen
cp -R src/gen dist/src/gen
vite build src/dashboard --outDir "$PWD/dist/dashboard" --emptyOutDir --logLevel warn

mkdir -p bin
for main in cmd/*/main.ts; do
  program=$(basename "$(dirname "$main")")
  sed "s|@NODE@|$(command -v node)|" tools/launcher.sh >"bin/.$program"
  chmod 755 "bin/.$program"
  mv "bin/.$program" "bin/$program"
done
cp tools/kubectl_complete-penstock bin/

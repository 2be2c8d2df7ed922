#!/bin/sh
# Puts a server to compare with into a Python environment of its own:  install.sh triton|mlserver|kserve FOLDER
set -eu
name=$1 folder=$2
runtime='onnxruntime==1.30.0'

case $name in
  # The wheel brings the Triton server with its Python backend.
  triton) packages='nvidia-pytriton==0.7.0' ;;
  mlserver) packages='mlserver==1.7.1 uvloop<0.22' ;;
  kserve) packages='kserve==0.21.0' ;;
  *) echo "install: no such server: $name" >&2; exit 1 ;;
esac

[ ! -e "$folder/.complete" ] || exit 0
echo "installing $name into $folder …" >&2
python3 -m venv "$folder"
# shellcheck disable=SC2086
"$folder/bin/pip" install --quiet $packages $runtime
touch "$folder/.complete"

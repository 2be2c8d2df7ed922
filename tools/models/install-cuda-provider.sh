#!/bin/sh
# Puts the CUDA execution provider, which onnxruntime-node does not bring, beside it, and NVIDIA's libraries into the
# cache. (TensorRT's provider comes along; it works where the machine has TensorRT itself.) Both come as Python packages; Python is needed for that only, and about 3 GB of disk.
#
#   tools/models/install-cuda-provider.sh
#
# The machine itself needs NVIDIA's driver (580 or newer, for CUDA 13). Run it again after `npm install`.
set -eu

root=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
binary=$root/node_modules/onnxruntime-node/bin/napi-v6/linux/x64
cache=${PENSTOCK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/penstock}

fail() {
  echo "install-cuda-provider: $*" >&2
  exit 1
}

[ -d "$binary" ] || fail "onnxruntime-node is not installed here; run make setup first (Linux on x86-64 only)"
python=$(command -v python3) || fail "python3 is needed to fetch the packages"
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "$root/node_modules/onnxruntime-node/package.json")
packages=$cache/cuda-provider-$version

# The provider and the runtime that loads it must be of one version.
if [ ! -e "$packages/.complete" ]; then
  mkdir -p "$packages"
  "$python" -m pip install --quiet --target "$packages" --upgrade "onnxruntime-gpu[cuda,cudnn]==$version" ||
    fail "pip could not deliver onnxruntime-gpu $version"
  touch "$packages/.complete"
fi
for provider in shared cuda tensorrt; do
  ln -sf "$packages/onnxruntime/capi/libonnxruntime_providers_$provider.so" "$binary/"
done

libraries=$(find "$packages/nvidia" -name 'lib*.so*' -exec dirname {} \; | sort -u | paste -sd:)
echo "The providers are in place. Start the model server with:" >&2
echo "export LD_LIBRARY_PATH=$libraries"

#!/bin/bash
# Runs a command beside a cluster of one node, in its network: with-node.sh COMMAND…
# PENSTOCK_E2E_KUBECONFIG is the administrator's; the node is gone when the command ends.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
folder=$(mktemp -d "${TMPDIR:-/tmp}/penstock-node.XXXXXX")
rmdir "$folder"
trap '"$here/node.sh" stop "$folder"' EXIT
started=$SECONDS
"$here/node.sh" start "$folder"
echo "the node is ready after $((SECONDS - started)) s" >&2
PENSTOCK_E2E_KUBECONFIG=$folder/pki/admin.conf "$here/node.sh" network "$folder" "$@"

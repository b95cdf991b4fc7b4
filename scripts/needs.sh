# shellcheck shell=bash
# Sourced: finds the programs that a script needs, and installs or names what is missing.

needs_packages=()
needs_programs=()

# need PROGRAM PACKAGE…: notes the Debian packages when the program is not there.
need() {
  local program=$1
  shift
  if ! type -P "$program" >/dev/null; then
    needs_programs+=("$program")
    needs_packages+=("$@")
  fi
}

# Installs the noted packages as root on a system with apt; otherwise says what to install and exits.
install_needs() {
  if ! command -v cargo >/dev/null; then
    # rustup puts cargo where a shell finds it only after its profile was read again.
    [[ -f $HOME/.cargo/env ]] && . "$HOME/.cargo/env"
    if ! command -v cargo >/dev/null; then
      echo "cargo is missing: install Rust with rustup, https://rustup.rs" >&2
      exit 2
    fi
  fi
  [[ ${#needs_packages[@]} -gt 0 ]] || return 0
  if [[ $(id -u) -ne 0 ]] || ! command -v apt-get >/dev/null; then
    echo "missing: ${needs_programs[*]}" >&2
    echo "on Debian or Ubuntu: sudo apt-get install ${needs_packages[*]}" >&2
    exit 2
  fi
  echo "==> installing ${needs_packages[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${needs_packages[@]}" >/dev/null
}

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

# Installs the noted packages as root on a system with apt; otherwise names all that is missing, and
# exits.
install_needs() {
  local can_install=false is_complete=true
  if [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null; then can_install=true; fi
  # rustup puts cargo where a shell finds it only after its profile was read again.
  if ! command -v cargo >/dev/null && [[ -r ${HOME:-/nonexistent}/.cargo/env ]]; then
    . "$HOME/.cargo/env"
  fi
  if ! command -v cargo >/dev/null; then
    echo "missing: cargo; install Rust with rustup, https://rustup.rs" >&2
    is_complete=false
  fi
  if [[ ${#needs_packages[@]} -gt 0 ]] && ! $can_install; then
    echo "missing: ${needs_programs[*]}; on Debian or Ubuntu: sudo apt-get install ${needs_packages[*]}" >&2
    is_complete=false
  fi
  $is_complete || exit 2
  if [[ ${#needs_packages[@]} -gt 0 ]]; then
    echo "==> installing ${needs_packages[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${needs_packages[@]}" >/dev/null
  fi
}

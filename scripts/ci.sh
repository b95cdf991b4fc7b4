#!/usr/bin/env bash
# What a laptop and the server both run, quickest first.
#
#   scripts/ci.sh              all steps; goes on after a failure, so that one run shows everything
#   scripts/ci.sh STEP…        only these: shell fmt systemd clippy docs test fuzz
#
# FUZZ_MS (10000) is the time of each fuzz target in milliseconds. Exit status: 0 all passed, 1 some
# step failed, 2 wrong usage. Needs what scripts/test installs.
set -uo pipefail

cd "$(dirname "$0")/.." || exit 2
readonly STEPS=(shell fmt systemd clippy docs test fuzz)
readonly FUZZ_MS=${FUZZ_MS:-10000}
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-never}
# The tests' own summary lines, repeated at the end where a reader looks for them.
counts=$(mktemp)
trap 'rm -f "$counts"' EXIT

# Every script parses, with ShellCheck where it is installed, and scripts/tune keeps its promises.
step_shell() {
  local status=0 script interpreter
  local scripts=()
  while IFS= read -r -d '' script; do
    IFS= read -r interpreter <"$script" || true
    case $interpreter in
      '#!/usr/bin/env bash' | '#!/bin/bash' | '#!/bin/sh')
        bash -n "$script" || status=1
        [[ -x $script ]] || { echo "$script is not executable"; status=1; }
        scripts+=("$script")
        ;;
      '#!/usr/bin/env python3')
        python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$script" || status=1
        ;;
    esac
  done < <(git ls-files -z -- scripts .ci systemd benches)
  [[ ${#scripts[@]} -gt 0 ]] || { echo "no script found"; status=1; }
  if command -v shellcheck >/dev/null; then
    shellcheck --severity=warning "${scripts[@]}" || status=1
  fi
  echo "${#scripts[@]} shell scripts"
  scripts/tune-check || status=1
  return "$status"
}

step_fmt() { cargo fmt --all --check; }

step_systemd() { systemd/check; }

step_clippy() {
  cargo clippy --locked --workspace --all-targets -- -D warnings || return 1
  # The second backend of rt is a feature, so the line above does not see it.
  cargo clippy --locked -p gateway-rt --all-targets --features glommio -- -D warnings
}

step_docs() { RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps; }

step_test() {
  if command -v cargo-nextest >/dev/null; then
    cargo nextest run --locked --workspace --no-fail-fast 2>&1 | tee >(grep -E '^ +Summary ' >>"$counts")
    [[ ${PIPESTATUS[0]} -eq 0 ]] || return 1
    # Nextest leaves out the examples in doc comments.
    cargo test --locked --workspace --doc
  else
    cargo test --locked --workspace --no-fail-fast 2>&1 | tee >(grep -E '^test result: ' >>"$counts")
    [[ ${PIPESTATUS[0]} -eq 0 ]]
  fi
}

# The fuzz targets are tests named tests/fuzz_*.rs. A test run gives each a second; here they get longer.
step_fuzz() {
  local -x BOLERO_RANDOM_TEST_TIME_MS=$FUZZ_MS
  if command -v cargo-nextest >/dev/null; then
    # One target a CPU at a time; `cargo test` runs them one after the other.
    cargo nextest run --locked --workspace --no-fail-fast -E 'binary(/^fuzz_/)'
  else
    cargo test --locked --workspace --no-fail-fast --test 'fuzz_*'
  fi
}

usage() {
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"
}

selected=("$@")
for step in "${selected[@]}"; do
  case $step in
    -h | --help) usage; exit 0 ;;
  esac
  if [[ " ${STEPS[*]} " != *" $step "* ]]; then
    echo "scripts/ci.sh: no step \`$step\`; the steps are: ${STEPS[*]}" >&2
    exit 2
  fi
done
[[ ${#selected[@]} -gt 0 ]] || selected=("${STEPS[@]}")

summary=()
failed=()
for step in "${selected[@]}"; do
  echo "==> $step"
  start=$SECONDS
  if "step_$step"; then
    outcome=ok
  else
    outcome=FAILED
    failed+=("$step")
  fi
  summary+=("$(printf '%-8s %-6s %4d s' "$step" "$outcome" $((SECONDS - start)))")
  echo "<== ${summary[-1]}"
done

echo
printf '%s\n' "${summary[@]}"
cat "$counts"
if [[ ${#failed[@]} -gt 0 ]]; then
  echo "ci: FAILED: ${failed[*]} (again with: scripts/ci.sh ${failed[*]})"
  exit 1
fi
echo "ci: ok, $SECONDS s"

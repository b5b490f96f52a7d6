# Sourced by the scripts that run several checks: runs each one, says how long it took, and fails at the end if one did.

failed=()

# step NAME COMMAND...: runs the command; a failure is remembered and does not stop the others.
step() {
  local name=$1 start=$SECONDS
  shift
  printf '\n== %s\n' "$name"
  if "$@"; then
    printf -- '-- %s: ok, %d s\n' "$name" $((SECONDS - start))
  else
    printf -- '-- %s: FAILED, %d s\n' "$name" $((SECONDS - start))
    failed+=("$name")
  fi
}

# The last command of such a script.
report() {
  if [ ${#failed[@]} -gt 0 ]; then
    printf '\nfailed:'; printf ' [%s]' "${failed[@]}"; printf '\n'
    return 1
  fi
}

# run_ctest PRESET ARGUMENT...: the C++ tests of a build. Sanitizers of clang 16 need shadow memory at places where a
# kernel with 32 bits of address randomisation may have put something else: randomisation is off where that is allowed.
run_ctest() {
  local still=() names=/usr/lib/llvm-16/bin/llvm-symbolizer
  if setarch -R true 2>/dev/null; then still=(setarch -R); fi
  ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1 \
  UBSAN_OPTIONS=print_stacktrace=1 \
  TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:external_symbolizer_path=$names \
  ASAN_SYMBOLIZER_PATH=$names \
    "${still[@]}" ctest --test-dir "build/$1" --output-on-failure --no-tests=error -j "$(nproc)" "${@:2}"
}

# Names of our C++ files, one a line: those in git and those about to be.
cpp_files() {
  git ls-files --cached --others --exclude-standard -- '*.cpp' '*.hpp'
}

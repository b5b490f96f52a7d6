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

# Names of our C++ files, one a line: those in git and those about to be.
cpp_files() {
  git ls-files --cached --others --exclude-standard -- '*.cpp' '*.hpp'
}

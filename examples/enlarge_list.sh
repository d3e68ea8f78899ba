#!/bin/sh
# Enlarge the pictures named on standard input, one path a line, and say how each went.
#
#   find photos -name '*.jpg' -newer last_run | examples/enlarge_list.sh OUT [dip's own options ...]
#
# One picture that fails does not stop the others. Exit codes: 0 all done, 1 at least one failed,
# 2 the request is wrong, 130 interrupted (Ctrl-C stops the list as well).
set -eu

if [ $# -lt 1 ]; then
    echo "usage: ... | $0 OUT [options of dip superres ...]" >&2
    exit 2
fi
out=$1
shift
mkdir -p "$out"

failed=0
while IFS= read -r photo; do
    code=0
    name=$(basename "$photo")
    dip superres "$photo" -o "$out/$name" --quiet "$@" </dev/null || code=$?
    case $code in
        0) echo "done    $photo" ;;
        2 | 130) exit "$code" ;;
        *) echo "failed  $photo (exit code $code)"; failed=1 ;;
    esac
done
exit "$failed"

#!/bin/sh
# Use dip inside a pipe: a picture comes in on standard input and leaves on standard output.
#
#   examples/pipe.sh < examples/noisy.png > large_and_clean.png
#
# Only the picture goes to standard output; what dip has to say goes to standard error.
# The exit code is that of the last step, or 1 where the first one failed.
set -eu

between=$(mktemp)
trap 'rm -f "$between"' EXIT

dip denoise - -o - --format png --preset fast >"$between" || exit 1
dip superres - -o - --format png --preset fast --scale 2 <"$between"

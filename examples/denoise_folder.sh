#!/bin/sh
# Denoise every picture under a folder into another folder of the same shape.
#
#   examples/denoise_folder.sh PHOTOS CLEAN [dip's own options ...]
#
# Run it again after an interruption: what is up to date is skipped, the rest is done.
# It ends with dip's exit code: 0 all done, 1 some pictures failed (they are listed last, the
# others are done), 2 the request is wrong, 3 no picture found, 4 out of memory, 130 interrupted.
# Of --json, Python's os.fsencode(record["input"]) is the file's name, whatever bytes that has.
set -eu

if [ $# -lt 2 ]; then
    echo "usage: $0 PHOTOS CLEAN [options of dip denoise ...]" >&2
    exit 2
fi
photos=$1
clean=$2
shift 2

exec dip denoise "$photos" -o "$clean" --recursive "$@"

#!/bin/sh
# Fill the holes of every picture in a folder; each mask bears its picture's name (white = hole).
#
#   examples/inpaint_folder.sh PHOTOS MASKS OUT [dip's own options ...]
#
# Pictures without a mask are named first and nothing is started (exit 2), so that a night's run
# does not end with half of them missing. Otherwise it ends with dip's exit code: 0 all done,
# 1 some pictures failed, 3 no picture found, 4 out of memory, 130 interrupted.
set -eu

if [ $# -lt 3 ]; then
    echo "usage: $0 PHOTOS MASKS OUT [options of dip inpaint ...]" >&2
    exit 2
fi
photos=$1
masks=$2
out=$3
shift 3

missing=0
for photo in "$photos"/*; do
    [ -f "$photo" ] || continue
    name=$(basename "$photo")
    found=no
    for mask in "$masks/${name%.*}".*; do
        [ -f "$mask" ] && found=yes
    done
    if [ "$found" = no ]; then
        echo "no mask for $photo" >&2
        missing=$((missing + 1))
    fi
done
if [ "$missing" -gt 0 ]; then
    exit 2
fi

exec dip inpaint "$photos" --mask "$masks" -o "$out" "$@"

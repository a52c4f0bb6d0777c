#!/bin/sh
# The hook that a kernel's package runs once its files are gone: VERSION [IMAGE]. Its images go too.
set -e
update=/usr/lib/pintle-initramfs/update
[ -x "$update" ] || exit 0 # removed, but for its settings
[ -n "$1" ] || { echo "pintle-initramfs: ${DPKG_MAINTSCRIPT_PACKAGE:-kernel package} did not pass a version" >&2; exit 2; }
[ "$INITRD" != No ] || exit 0
boot=/boot
[ -z "$2" ] || boot=$(dirname "$2")
# A kernel's package may run it more than once.
if [ -n "$DEB_MAINT_PARAMS" ]; then
    eval set -- "'$1'" "$DEB_MAINT_PARAMS"
    [ "$2" = remove ] || exit 0
fi
exec "$update" -d -k "$1" -b "$boot" >&2

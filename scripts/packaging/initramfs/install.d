#!/bin/sh
# kernel-install(8)'s plugin: add|remove VERSION ENTRY-DIRECTORY [KERNEL …]. Where /boot/initrd.img-VERSION is there (Debian: the hook of the
# kernel's package has made it), that one is taken by systemd's own plugin. A refusal ends kernel-install, and no entry is made or changed.
set -e
update=/usr/lib/pintle-initramfs/update
[ "$1" = add ] || exit 0
[ -x "$update" ] || exit 0
[ "${KERNEL_INSTALL_INITRD_GENERATOR:-pintle}" = pintle ] || exit 0
[ "${KERNEL_INSTALL_IMAGE_TYPE:-}" != uki ] || exit 0
[ $# -lt 5 ] || exit 0 # an initrd was given
[ -n "$KERNEL_INSTALL_STAGING_AREA" ] || { echo 'pintle-initramfs: kernel-install gives no staging area: it is older than systemd 250' >&2; exit 1; }
[ ! -e "/boot/initrd.img-$2" ] || exit 0
exec "$update" -c -k "$2" --output "$KERNEL_INSTALL_STAGING_AREA/initrd-pintle" >&2

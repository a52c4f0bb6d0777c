SUMMARY = "The /init of an initramfs, in one small static binary"
DESCRIPTION = "Finds the root file system that the kernel command line names, mounts it, pivots into it and executes its init."
LICENSE = "MIT | Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE-MIT;md5=c5429cf9f45f9c02488a71ed37df138f \
                    file://LICENSE-APACHE;md5=3b83ef96387f14655fc854ddc3c6bd57"

inherit cargo externalsrc

# The checkout that this layer is in. Its crates are fetched like any others.
EXTERNALSRC = "${@os.path.realpath(os.path.join(d.getVar('THISDIR'), '../../../../../..'))}"
SRC_URI = "crate://crates.io/linux-raw-sys/0.12.1 \
           crate://crates.io/syscalls/0.8.1"
SRC_URI[linux-raw-sys-0.12.1.sha256sum] = "32a66949e030da00e8c7d4434b251670a91556f4144941d37452769c25d58a53"
SRC_URI[syscalls-0.8.1.sha256sum] = "81c645a4de0d803ced6ef0388a2646aa1ef8467173b5d59a2c33c88de4ab76e7"

COMPATIBLE_HOST = "(x86_64|aarch64).*-linux"
# linker/build.rs links by lld, which GCC looks for in its own directories and then in PATH.
DEPENDS += "lld-native"
CARGO_PROFILE = "release"
CARGO_BUILD_FLAGS += "--bin init"
# It is stripped, static and has a layout of its own.
INHIBIT_PACKAGE_STRIP = "1"
INHIBIT_PACKAGE_DEBUG_SPLIT = "1"
INSANE_SKIP:${PN} += "already-stripped ldflags"

# Modules to be loaded before the root is looked for, in this order; the image has to have their packages (kernel-module-…).
PINTLE_MODULES ?= ""

do_install() {
    install -D -m 0755 ${B}/target/${CARGO_TARGET_SUBDIR}/init ${D}/init
    if [ -n "${PINTLE_MODULES}" ]; then
        install -d ${D}${sysconfdir}/modules-load.d
        printf '%s\n' ${PINTLE_MODULES} > ${D}${sysconfdir}/modules-load.d/pintle.conf
    fi
}

FILES:${PN} = "/init ${sysconfdir}/modules-load.d"

SUMMARY = "An initramfs of pintle alone, for INITRAMFS_IMAGE"
LICENSE = "MIT | Apache-2.0"

# Kernel modules, where the drivers of the root aren't built in: their packages here, their names in PINTLE_MODULES.
PINTLE_MODULE_PACKAGES ?= ""
PACKAGE_INSTALL = "pintle ${PINTLE_MODULE_PACKAGES}"
IMAGE_FSTYPES = "${INITRAMFS_FSTYPES}"
IMAGE_FEATURES = ""
IMAGE_LINGUAS = ""
IMAGE_NAME_SUFFIX ?= ""
IMAGE_ROOTFS_SIZE = "1024"
IMAGE_ROOTFS_EXTRA_SPACE = "0"
NO_RECOMMENDATIONS = "1"
KERNELDEPMODDEPEND = ""

inherit image

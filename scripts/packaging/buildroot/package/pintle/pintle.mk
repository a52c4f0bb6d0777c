################################################################################
#
# pintle
#
################################################################################

PINTLE_VERSION = 0.1.0
# The checkout that this folder is in.
PINTLE_SITE = $(BR2_EXTERNAL_PINTLE_PATH)/../../..
PINTLE_SITE_METHOD = local
PINTLE_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS = --exclude /target
PINTLE_LICENSE = MIT or Apache-2.0
PINTLE_LICENSE_FILES = LICENSE-MIT LICENSE-APACHE
PINTLE_INSTALL_TARGET = NO
PINTLE_INSTALL_IMAGES = YES
# linker/build.rs links by lld, whatever the host.
PINTLE_DEPENDENCIES = host-lld host-cpio host-kmod host-xz host-zstd

# Buildroot's own optimisation levels would leave calls in it that the release profile proves away, and make it larger.
PINTLE_CARGO_ENV = \
	CARGO_PROFILE_RELEASE_OPT_LEVEL=z \
	CARGO_PROFILE_RELEASE_LTO=fat \
	CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 \
	CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=false \
	CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS=false

# A source that isn't downloaded has not been vendored.
define PINTLE_VENDOR
	cd $(@D) && $(TARGET_MAKE_ENV) $(PKG_COMMON_CARGO_ENV) \
		cargo fetch --locked --target $(RUSTC_TARGET_NAME)
endef
PINTLE_PRE_BUILD_HOOKS += PINTLE_VENDOR

define PINTLE_BUILD_CMDS
	cd $(@D) && $(TARGET_MAKE_ENV) $(TARGET_CONFIGURE_OPTS) \
		$(PKG_CARGO_ENV) $(PINTLE_CARGO_ENV) \
		cargo build --offline --locked --release --bin init
endef

PINTLE_MODULES = $(call qstrip,$(BR2_PACKAGE_PINTLE_MODULES))
ifneq ($(PINTLE_MODULES),)
PINTLE_DEPENDENCIES += linux
PINTLE_IMAGE_OPTS = \
	--modules-dir $(TARGET_DIR)/lib/modules/$(LINUX_VERSION_PROBED) \
	$(addprefix --module ,$(PINTLE_MODULES))
else
PINTLE_IMAGE_OPTS = --no-modules
endif

define PINTLE_INSTALL_IMAGES_CMDS
	$(INSTALL) -D -m 0755 \
		$(@D)/target/$(RUSTC_TARGET_NAME)/release/init \
		$(BINARIES_DIR)/pintle-init
	$(TARGET_MAKE_ENV) PINTLE_SETUP_DONE=1 $(@D)/scripts/mkinitramfs \
		--arch $(ARCH) --init $(BINARIES_DIR)/pintle-init \
		--compress $(call qstrip,$(BR2_PACKAGE_PINTLE_COMPRESS)) \
		--output $(BINARIES_DIR)/pintle.cpio $(PINTLE_IMAGE_OPTS)
endef

$(eval $(cargo-package))

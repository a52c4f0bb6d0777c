include $(sort $(wildcard $(BR2_EXTERNAL_PINTLE_PATH)/package/*/*.mk))

//! Hash devices of dm-verity.
#![no_main]

pintle_fuzz::prober!("verity");

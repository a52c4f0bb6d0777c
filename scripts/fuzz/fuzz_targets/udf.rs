//! UDF.
#![no_main]

pintle_fuzz::prober!("udf");

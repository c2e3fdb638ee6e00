#![no_main]

adrecover_fuzz::target!(adrecover_core::fuzzing::descriptor);

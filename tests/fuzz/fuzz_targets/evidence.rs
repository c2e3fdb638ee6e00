#![no_main]

adrecover_fuzz::target!(adrecover_hybrid::evidence::fuzzing::evidence);

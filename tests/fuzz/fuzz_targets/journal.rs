#![no_main]

adrecover_fuzz::target!(adrecover_engine::fuzzing::journal);

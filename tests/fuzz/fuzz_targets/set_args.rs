#![no_main]

adrecover_fuzz::target!(adrecover::fuzzing::set_args);

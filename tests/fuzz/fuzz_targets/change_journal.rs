#![no_main]

adrecover_fuzz::target!(adrecover_journal::fuzzing::change_journal);

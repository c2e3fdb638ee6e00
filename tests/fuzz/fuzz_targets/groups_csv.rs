#![no_main]

adrecover_fuzz::target!(adrecover::fuzzing::groups_csv);

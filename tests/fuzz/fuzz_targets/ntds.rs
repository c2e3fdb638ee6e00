#![no_main]
adrecover_fuzz::target!(adrecover_offline::ese::fuzzing::ntds);

#![no_main]

adrecover_fuzz::target!(adrecover_offline::evtx::fuzzing::evtx);

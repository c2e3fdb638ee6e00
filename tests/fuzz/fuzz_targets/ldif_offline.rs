#![no_main]

adrecover_fuzz::target!(adrecover_offline::fuzzing::ldif_offline);

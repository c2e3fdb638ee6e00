#![no_main]

adrecover_fuzz::target!(adrecover_ldap::fuzzing::change);

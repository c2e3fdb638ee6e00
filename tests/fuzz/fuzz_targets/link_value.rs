#![no_main]

adrecover_fuzz::target!(adrecover_ldap::fuzzing::link_value);

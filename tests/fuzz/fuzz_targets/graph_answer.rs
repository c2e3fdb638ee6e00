#![no_main]

adrecover_fuzz::target!(adrecover_hybrid::fuzzing::graph_answer);

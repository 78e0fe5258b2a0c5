#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| minoots_fuzzing::queue_message(bytes));

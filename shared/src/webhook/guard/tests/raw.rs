//! Rules on the raw text.

use super::strictly;

const HOOK: &str = "https://hooks.example.com/";

#[test]
fn an_empty_text_is_refused() {
    assert_eq!(strictly(""), "empty");
}

#[test]
fn a_url_may_have_2048_bytes_and_not_one_more() {
    let longest = format!("{HOOK}{}", "x".repeat(2_048 - HOOK.len()));
    assert_eq!(strictly(&longest), "ok");
    assert_eq!(strictly(&format!("{longest}x")), "too-long");
}

#[test]
fn length_is_counted_in_bytes_not_in_characters() {
    let umlauts = format!("{HOOK}{}", "ü".repeat(1_020));
    assert!(umlauts.chars().count() < 2_048 && umlauts.len() > 2_048);
    assert_eq!(strictly(&umlauts), "too-long");
}

#[test]
fn every_control_character_is_refused_wherever_it_stands() {
    for control in ('\0'..='\u{1F}').chain('\u{7F}'..='\u{9F}') {
        for url in
            [format!("{control}{HOOK}"), format!("{HOOK}{control}"), format!("https://hooks.{control}example.com/")]
        {
            assert_eq!(strictly(&url), "control-character", "U+{:04X}", u32::from(control));
        }
    }
}

#[test]
fn every_unicode_blank_is_refused_wherever_it_stands() {
    let blanks = " \u{A0}\u{1680}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\u{2007}\u{2008}\u{2009}\u{200A}\
                  \u{2028}\u{2029}\u{202F}\u{205F}\u{3000}";
    for blank in blanks.chars() {
        for url in [format!("{blank}{HOOK}"), format!("{HOOK}{blank}"), format!("https://hooks.{blank}example.com/")] {
            assert_eq!(strictly(&url), "blank", "U+{:04X}", u32::from(blank));
        }
    }
}

#[test]
fn characters_that_hide_or_reorder_text_are_refused_wherever_they_stand() {
    let invisible = "\u{AD}\u{61C}\u{180E}\u{200B}\u{200E}\u{200F}\u{202A}\u{202B}\u{202C}\u{202D}\u{202E}\u{2060}\u{2066}\
                     \u{2067}\u{2068}\u{2069}\u{FEFF}\u{E0041}";
    for character in invisible.chars() {
        for url in [format!("{character}{HOOK}"), format!("{HOOK}{character}"), format!("https://hooks{character}.io/")]
        {
            assert_eq!(strictly(&url), "invisible-character", "U+{:04X}", u32::from(character));
        }
    }
}

#[test]
fn a_backslash_is_refused_wherever_it_stands() {
    for url in
        ["https:\\\\example.com/", "https://example.com\\@127.0.0.1/", "https://example.com/a\\b", "\\\\example.com"]
    {
        assert_eq!(strictly(url), "backslash", "{url}");
    }
}

#[test]
fn percent_encoded_blanks_and_backslashes_in_path_and_query_are_fine() {
    assert_eq!(strictly("https://hooks.example.com/a%20b%5Cc%0D%0A?d=%00"), "ok");
}

#[test]
fn letters_of_every_script_in_path_and_query_are_fine() {
    assert_eq!(strictly("https://hooks.example.com/größe/日本語/❤️?q=नमस्ते"), "ok");
}

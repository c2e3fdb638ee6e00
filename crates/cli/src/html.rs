//! What all pages have in common: the frame, and text that cannot become markup.
//!
//! A page stands for itself: no script, nothing from the network.

use adrecover_core::text::printable;

/// The end of a page.
pub(crate) const END: &str = "</body></html>\n";

/// The beginning of a page, up to its first heading.
pub(crate) fn begin(title: &str, style: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>adrecover: {}</title>\n<style>\n{style}</style></head>\n<body>\n",
        escaped(title)
    )
}

/// Text for HTML, control characters made visible.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in printable(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(
            escaped("<a href='x'>&\"\u{1b}"),
            "&lt;a href=&#39;x&#39;&gt;&amp;&quot;\\u{1b}".replace("\\u{1b}", &printable("\u{1b}"))
        );
        assert!(
            begin("</title><script>", "").contains("<title>adrecover: &lt;/title&gt;&lt;script&gt;</title>")
        );
    }
}

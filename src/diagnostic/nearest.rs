//! "Did you mean": the candidate that a misspelt word was probably meant to be.

use strsim::damerau_levenshtein;

/// The candidate nearest to a word, if one is near enough: about a third of the letters may be wrong, and case,
/// `_` and `-` count for nothing. Of equally near ones, the first.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = fold(word);
    let length = wanted.chars().count();
    // The distance costs the product of both lengths, and no name is this long.
    if length == 0 || length > 64 {
        return None;
    }
    let measured = candidates.into_iter().filter_map(|candidate| {
        let folded = fold(candidate);
        let other = folded.chars().count();
        let allowed = length.max(other).div_ceil(3).min(length - 1);
        if other.abs_diff(length) > allowed {
            return None;
        }
        let distance = damerau_levenshtein(&wanted, &folded);
        (distance <= allowed).then_some((distance, candidate))
    });
    measured.min_by_key(|&(distance, _)| distance).map(|(_, candidate)| candidate)
}

fn fold(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERBS: [&str; 8] = ["connect", "send", "expect", "request", "think", "loop", "close", "set"];

    #[test]
    fn misspelt_words_find_their_candidate() {
        for (word, expected) in [
            ("conect", "connect"),
            ("cnonect", "connect"),
            ("sned", "send"),
            ("expects", "expect"),
            ("Close", "close"),
            ("lop", "loop"),
        ] {
            assert_eq!(nearest(word, VERBS), Some(expected), "{word}");
        }
    }

    #[test]
    fn separators_and_case_count_for_nothing() {
        assert_eq!(nearest("maxMessage", ["min_message", "max_message"]), Some("max_message"));
        assert_eq!(nearest("x-client", ["X_CLIENT"]), Some("X_CLIENT"));
        assert_eq!(nearest("a", ["-a"]), Some("-a"));
    }

    #[test]
    fn words_unlike_all_candidates_find_none() {
        for word in ["websocket", "x", "", "--", "http"] {
            assert_eq!(nearest(word, VERBS), None, "{word}");
        }
        assert_eq!(nearest("ab", ["cd"]), None);
        assert_eq!(nearest("send", []), None);
        assert_eq!(nearest(&"a".repeat(100_000), VERBS), None);
    }
}
